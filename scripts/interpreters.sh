# Finds Python 3.10 (or 3.11) and uv; scripts/bootstrap reads this file. Sets `python`, `version` and `uv`.
# The root of the repository is the working directory; `say`, `mode`, `verbose` and TOOLS come from bootstrap.

PYTHON_DIRS=${PYTHON_DIRS-/usr/bin /usr/local/bin /opt/python/3.1[01]*/bin /opt/python/cp31[01]-cp31[01]/bin}
uv='' python='' version=''

probe='import sys; assert sys.implementation.name == "cpython" and sys.maxsize > 2**32
print("%d.%d" % sys.version_info[:2], getattr(sys, "_base_executable", None) or sys.executable)'

# accept VERSION CANDIDATE: prints the interpreter behind CANDIDATE where it has that version.
# A shim may be found and yet not run, so every candidate is run and asked.
accept() {
    if answer=$("$2" -c "$probe" 2>/dev/null </dev/null); then
        case $answer in "$1 "*) printf '%s\n' "${answer#* }"; return ;; esac
        reason="is Python ${answer%% *}"
    else
        reason='does not run'
    fi
    [ -z "$verbose" ] || say "passed over $2: it $reason"
    return 1
}

# on_path NAME: every file of that name on PATH, not only the first; never our own .venv, which may be half made.
on_path() {
    printf '%s\n' "$PATH" | tr ':' '\n' | while read -r folder; do
        case $folder/ in "$PWD/.venv/"* | "$TOOLS/"*) continue ;; esac
        [ ! -x "$folder/$1" ] || printf '%s\n' "$folder/$1"
    done
}

candidates() {
    on_path "python$1"
    for folder in "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/$1".*/bin; do printf '%s\n' "$folder/python$1"; done
    for folder in $PYTHON_DIRS; do printf '%s\n' "$folder/python$1"; done
    on_path python3
}

# find_python VERSION: prints the first candidate that will do; fails where there is none.
find_python() {
    candidates "$1" | while read -r candidate; do
        [ ! -x "$candidate" ] || ! accept "$1" "$candidate" || break
    done | grep . && return
    [ -n "$uv" ] && managed=$("$uv" python find --python-preference only-managed "$1" 2>/dev/null) && accept "$1" "$managed"
}

find_uv() {
    { on_path uv; printf '%s\n' "$PWD/.venv/bin/uv" "$TOOLS/bin/uv"; } | while read -r candidate; do
        if "$candidate" --version >/dev/null 2>&1; then printf '%s\n' "$candidate"; break; fi
    done | grep .
}

# uv installs in a minute and a half what takes pip seven. Any Python 3 with pip, or with ensurepip, can fetch it.
fetch_uv() {
    for any in "$python" $(on_path python3) $(on_path python); do
        "$any" -c 'import sys; assert sys.version_info >= (3, 8)' 2>/dev/null || continue
        rm -rf "$TOOLS"
        "$any" -m pip install --quiet --retries 1 --target "$TOOLS" "$(pinned uv)" >/dev/null 2>&1 || {
            "$any" -m venv --clear "$TOOLS" && "$TOOLS/bin/python" -m pip install --quiet --retries 1 "$(pinned uv)"
        } >/dev/null 2>&1 || continue
        if uv=$(find_uv); then return; fi
    done
    uv=''
    return 1
}

# pip_settings: what `pip config list` shows, of the first Python here that has pip: its files, PIP_CONFIG_FILE, PIP_*.
pip_settings() {
    for any in ${python:+"$python"} $(on_path python3) $(on_path python); do
        "$any" -m pip config list 2>/dev/null </dev/null && return
    done
    return 0
}

# pip_setting NAME: prints its value, as pip itself chooses it: the environment, then [install], then [global].
pip_setting() {
    for section in ':env:' install global; do
        value=$(printf '%s\n' "$settings" | sed -n "s/^$section\.$1='\(.*\)'\$/\1/p" | sed 's/\\n/ /g; s/^ *//' | tail -n 1)
        [ -z "$value" ] || { printf '%s\n' "$value"; return; }
    done
}

# uv does not read pip's settings: hand on the registries and the certificates that the user chose for pip.
share_pip_settings() {
    settings=$(pip_settings)
    index=${UV_INDEX_URL:-${PIP_INDEX_URL:-$(pip_setting index-url)}}
    more=$(pip_setting extra-index-url) links=$(pip_setting find-links) hosts=$(pip_setting trusted-host)
    cert=${PIP_CERT:-$(pip_setting cert)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
    # To pip all registries are equal; uv would look no further than the first that knows a package's name.
    [ -z "$more" ] || export UV_INDEX="${UV_INDEX:-$more}" UV_INDEX_STRATEGY="${UV_INDEX_STRATEGY:-unsafe-best-match}"
    [ -z "$links" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$(printf '%s' "$links" | tr ' ' ',')}"
    [ -z "$hosts" ] || export UV_INSECURE_HOST="${UV_INSECURE_HOST:-$hosts}"
    [ -z "$cert" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$cert}"
}

no_python() {
    verbose=1
    for version in 3.10 3.11; do find_python "$version" >/dev/null || true; done
    cat >&2 <<'END'
tfwm: found neither Python 3.10 nor 3.11 (which would do, without Kubeflow).
Any one of these mends it; then run the same command again:
  pyenv       pyenv install 3.10
  deadsnakes  sudo add-apt-repository ppa:deadsnakes/ppa && sudo apt-get install python3.10-venv python3.10-dev
  uv          curl -LsSf https://astral.sh/uv/install.sh | sh && uv python install 3.10
  elsewhere   make setup PYTHON=/path/to/python3.10
END
    exit 1
}

fetch_python() {
    say 'no Python 3.10 on this machine; trying to fetch one with uv'
    share_pip_settings
    [ -n "$uv" ] || fetch_uv || return
    UV_PYTHON_INSTALL_BIN=0 "$uv" python install --quiet 3.10 2>/dev/null && python=$(find_python 3.10)
}

choose_python() {
    uv=$(find_uv) || uv=''
    if [ -n "${PYTHON:-}" ]; then
        for version in 3.10 3.11; do ! python=$(accept "$version" "$PYTHON") || return 0; done
        say "PYTHON=$PYTHON is not a working 64-bit CPython 3.10 or 3.11; looking elsewhere"
    fi
    version=3.10
    if python=$(find_python 3.10); then return; fi
    if [ "$mode" = setup ] && fetch_python; then return; fi
    version=3.11
    python=$(find_python 3.11) || no_python
}
