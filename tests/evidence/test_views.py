"""Views undo what a thief does around a marked model, and a family says which there are."""

from __future__ import annotations

import numpy as np
import pytest

from tfwm.digests import array_digest
from tfwm.evidence.views import FAMILIES, PLAIN, Family, View

FRAMES = FAMILIES["frames"]


def ramp(height: int = 8, width: int = 8) -> np.ndarray:
    """Every pixel is different: `[1, h, w, 1]`."""
    return np.arange(height * width, dtype=np.float32).reshape(1, height, width, 1)


@pytest.mark.parametrize("view", FAMILIES["turns"].views, ids=lambda view: view.name)
def test_an_orientation_undoes_the_thiefs(view: View) -> None:
    """He turns the question by a view's inverse; what he sends back then shows the mark upright in this view."""
    mark = ramp()
    sent_back = np.rot90(mark, -view.turns, axes=(1, 2))
    sent_back = sent_back[:, :, ::-1] if view.mirrored else sent_back
    (seen,) = view.pictures(sent_back)
    np.testing.assert_array_equal(seen, mark)


def test_eight_orientations_are_eight() -> None:
    seen = {array_digest(np.ascontiguousarray(view.pictures(ramp())[0])) for view in FAMILIES["turns"].views}
    assert len(seen) == len(FAMILIES["turns"]) == 8


@pytest.mark.parametrize("rows, columns", [(2, 2), (3, 3), (4, 4), (2, 1), (1, 2)])
def test_tiles_cover_the_answer_once_row_by_row(rows: int, columns: int) -> None:
    image = ramp(8, 9)
    tiles = View(rows=rows, columns=columns).pictures(image)
    assert len(tiles) == rows * columns
    bands = [np.concatenate(tiles[row * columns : (row + 1) * columns], axis=2) for row in range(rows)]
    np.testing.assert_array_equal(np.concatenate(bands, axis=1), image)
    # As equal as whole pixels allow: three tiles of 8 rows have 3, 3 and 2.
    assert max(tile.shape[1] for tile in tiles) - min(tile.shape[1] for tile in tiles) <= 1


def test_mirror_and_tiles_in_either_order_show_the_same_tiles() -> None:
    image = ramp()
    mirrored_first = View(mirrored=True, rows=2, columns=2).pictures(image)
    tiles_first = [tile[:, :, ::-1] for tile in View(rows=2, columns=2).pictures(image)]
    for one, other in zip(mirrored_first, (tiles_first[1], tiles_first[0], tiles_first[3], tiles_first[2])):
        np.testing.assert_array_equal(one, other)


def test_a_border_repeats_the_edge_on_its_sides_only() -> None:
    # 16 of 64ths of 8 pixels are 2.
    (seen,) = View(border=(0, 16, 0, 0)).pictures(ramp())
    assert seen.shape == (1, 8, 10, 1)
    np.testing.assert_array_equal(seen[0, :, :, 0], np.pad(ramp()[0, :, :, 0], ((0, 0), (2, 0)), mode="edge"))
    (around,) = View(border=(8, 8, 8, 8)).pictures(ramp())
    assert around.shape == (1, 10, 10, 1)


@pytest.mark.parametrize(
    "border, cells, count",
    [
        ((0, 0, 0, 0), 8, 64),
        # A canvas of 72: the first cell ends at 9, of which 5 are in sight. Of 80: 10, and 2. Of 96: 12, and none.
        ((4, 4, 4, 4), 8, 64),
        ((8, 8, 8, 8), 8, 36),
        ((16, 16, 16, 16), 8, 36),
        # Below and right only, a canvas of 72: the last cell begins at 63. Of 80: the last two at 60 and 70.
        ((0, 0, 8, 8), 8, 49),
        ((0, 0, 16, 16), 8, 36),
        ((0, 0, 16, 0), 8, 48),
        ((16, 16, 16, 16), 2, 4),
    ],
)
def test_cells_count_only_where_half_of_them_is_seen(border: tuple, cells: int, count: int) -> None:
    sight = View(border=border).in_sight(cells)
    assert sight.shape == (cells, cells)
    assert sight.sum() == count


@pytest.mark.parametrize("view", FRAMES.views[::7], ids=lambda view: view.name)
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (16, 16), (33, 64)])
def test_every_view_of_every_size_is_pictures(view: View, size: tuple[int, int]) -> None:
    seen = view.pictures(ramp(*size))
    assert len(seen) == view.tiles
    assert all(tile.ndim == 4 and tile.size for tile in seen)


def test_names_are_short_stable_and_tell_views_apart() -> None:
    names = [view.name for view in FRAMES.views]
    assert len(set(names)) == len(names) == 168
    assert names[:4] == ["plain", "turned by 90", "turned by 180", "turned by 270"]
    assert View(mirrored=True, rows=2, columns=2).name == "mirrored, 2 x 2 tiles"
    assert View(turns=1, border=(0, 0, 8, 8)).name == "turned by 90, border of 8/64 below and right"
    assert View(rows=4, columns=4, border=(16,) * 4).name == "4 x 4 tiles, border of 16/64"
    assert max(map(len, names)) <= 60


def test_a_familys_name_stands_for_the_same_views_for_ever() -> None:
    """Keys and commitments hold only the name: whoever wants other views gives the list another name."""
    listed = {name: array_digest(np.array([view.name for view in family.views])).hex()[:16]
              for name, family in FAMILIES.items()}  # fmt: skip
    assert listed == {"none": "9f6d1805a9a1bfb3", "turns": "75c3318faf93c8a2", "frames": "642aa150392c5708"}
    assert [len(family) for family in FAMILIES.values()] == [1, 8, 168]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_shares_of_alpha_add_up_to_one(family: Family) -> None:
    assert sum(1 / family.factor(index) for index in range(len(family))) == pytest.approx(1.0)


@pytest.mark.parametrize("views", [(), (View(turns=1),), (PLAIN, PLAIN)])
def test_a_family_without_order_is_refused(views: tuple) -> None:
    with pytest.raises(ValueError, match="must hold different views, the plain one first"):
        Family("odd", views)
