# The image that pipeline steps run in on Kubeflow: make docker-image, or make docker-image VARIANT=gpu
# There is no ENTRYPOINT because TFX starts each step as `python -m tfx...` in here.
FROM python:3.10-slim-bookworm AS build
# pyfarmhash and crcmod are C and C++ source.
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/tfwm
ENV PATH=/opt/tfwm/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# The packages before the code: a changed line of code then rebuilds the last layer only.
COPY constraints.txt ./
RUN sed -n '/^uv==/p' constraints.txt | xargs pip install
COPY setup.cfg pyproject.toml ./
# cpu, or gpu: CUDA's libraries beside it, of the versions that TensorFlow was built with.
ARG VARIANT=cpu
RUN case "$VARIANT" in cpu) also= ;; gpu) also='--extra gpu' ;; *) echo "VARIANT must be cpu or gpu, got $VARIANT." >&2; exit 2 ;; esac \
 && uv pip compile --quiet --python-version 3.10 --constraints constraints.txt \
      --extra serving --extra tfx --extra kubeflow $also setup.cfg --output-file /tmp/requirements.txt
RUN uv pip install --no-cache --python /opt/tfwm/bin/python --build-constraints constraints.txt -r /tmp/requirements.txt
COPY . .
RUN uv pip install --no-cache --python /opt/tfwm/bin/python --build-constraints constraints.txt --no-deps . \
 && uv pip check --python /opt/tfwm/bin/python \
 && uv pip uninstall --python /opt/tfwm/bin/python uv

FROM python:3.10-slim-bookworm
RUN useradd --create-home --uid 1000 tfwm
COPY --from=build /opt/tfwm /opt/tfwm
ENV PATH=/opt/tfwm/bin:$PATH TF_CPP_MIN_LOG_LEVEL=2 PYTHONUNBUFFERED=1
USER tfwm
WORKDIR /home/tfwm
CMD ["tfwm", "--help"]
