"""Preprocessing, against arithmetic written down here a second time."""

import numpy as np
import pytest
from PIL import Image

from edgekit.core.errors import DataError, ProjectError
from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data import images
from edgekit.data.preprocess import preprocess, preprocess_batch, validate


def spec(shape, dtype="float32", **rules):
    for key in ("mean", "std"):
        if isinstance(rules.get(key), float):
            rules[key] = (rules[key],)
    return TensorSpec(name="x", shape=shape, dtype=dtype, preprocessing=Preprocessing(**rules))


def photo(height, width, seed=0):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def antialiased(image, size, kernel, support):
    """Pillow's resampling by its definition: float weights, horizontal pass first."""

    def weights(old, new):
        scale = old / new
        reach = max(scale, 1.0)
        matrix = np.zeros((new, old))
        for i in range(new):
            centre = (i + 0.5) * scale
            low = max(0, int(centre - support * reach + 0.5))
            high = min(old, int(centre + support * reach + 0.5))
            values = kernel((np.arange(low, high) + 0.5 - centre) / reach)
            matrix[i, low:high] = values / values.sum()
        return matrix

    height, width = size
    across = np.einsum("ij,hjc->hic", weights(image.shape[1], width), image.astype(float))
    across = np.clip(np.floor(across + 0.5), 0, 255)
    down = np.einsum("ij,jwc->iwc", weights(image.shape[0], height), across)
    return np.clip(np.floor(down + 0.5), 0, 255)


def triangle(x):
    return np.maximum(0, 1 - np.abs(x))


def cubic(x, a=-0.5):
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


@pytest.mark.parametrize(
    ("method", "kernel", "support"), [("bilinear", triangle, 1), ("bicubic", cubic, 2)]
)
@pytest.mark.parametrize("source", [(37, 51), (9, 7)])
def test_resize_is_the_antialiased_kernel(method, kernel, support, source):
    raw = photo(*source)
    made = preprocess(raw, spec((1, 16, 20, 3), kind="image", size=(16, 20), resize=method))
    wanted = antialiased(raw, (16, 20), kernel, support)
    # Pillow computes in 22-bit fixed point: the last bit may round the other way.
    assert np.abs(made - wanted).max() <= 1
    assert np.mean(made != wanted) < 0.02


def test_nearest_takes_pixel_centres():
    raw = np.arange(36, dtype=np.uint8).reshape(6, 6)
    rules = {"kind": "image", "size": (3, 3), "channels": "gray", "resize": "nearest"}
    made = preprocess(raw, spec((1, 3, 3, 1), **rules))
    assert made[..., 0].tolist() == raw[1::2, 1::2].tolist()


def test_centre_crop_of_a_known_image():
    raw = np.arange(48, dtype=np.uint8).reshape(6, 8)
    rules = {"kind": "image", "size": (3, 4), "channels": "gray", "resize_shorter_to": 6}
    made = preprocess(raw, spec((1, 3, 4, 1), **rules))
    assert made[..., 0].tolist() == raw[1:4, 2:6].tolist()


def test_shorter_side_sets_the_scale_and_the_longer_is_floored():
    raw = photo(50, 333)
    rules = {"kind": "image", "size": (20, 20), "resize_shorter_to": 25, "resize": "bicubic"}
    made = preprocess(raw, spec((1, 20, 20, 3), **rules))
    resized = Image.fromarray(raw).resize((333 * 25 // 50, 25), Image.Resampling.BICUBIC)
    left = (166 - 20) // 2
    np.testing.assert_array_equal(made, np.asarray(resized)[2:22, left : left + 20])


def test_channels_mean_and_std_by_channel():
    raw = photo(4, 4)
    rules = {"kind": "image", "size": (4, 4), "mean": (1.0, 2.0, 3.0), "std": (2.0, 4.0, 8.0)}
    made = preprocess(raw, spec((1, 4, 4, 3), channels="bgr", **rules))
    values = raw[:, :, ::-1].astype(np.float32)
    wanted = (values - np.float32([1, 2, 3])) / np.float32([2, 4, 8])
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, wanted)


def test_gray_is_the_601_luma():
    raw = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    made = preprocess(raw, spec((1, 64, 64, 1), kind="image", size=(64, 64), channels="gray"))
    r, g, b = (raw[..., i].astype(np.int64) for i in range(3))
    np.testing.assert_array_equal(made[..., 0], (19595 * r + 38470 * g + 7471 * b + 32768) >> 16)


def test_gray_and_alpha_sources():
    gray = photo(5, 5)[..., 0]
    wide = spec((1, 5, 5, 3), kind="image", size=(5, 5))
    for raw in (gray, gray[..., None], gray.astype(np.int64)):
        np.testing.assert_array_equal(preprocess(raw, wide), np.repeat(gray[..., None], 3, 2))
    clear = np.dstack([photo(5, 5), np.zeros((5, 5), np.uint8)])
    np.testing.assert_array_equal(preprocess(clear, wide), photo(5, 5))


def test_a_model_that_takes_bytes_gets_bytes():
    raw = photo(5, 5)
    made = preprocess(raw, spec((1, 5, 5, 3), "uint8", kind="image", size=(5, 5)))
    assert made.dtype == np.uint8
    with pytest.raises(DataError, match="must be uint8 values"):
        preprocess(raw, spec((1, 5, 5, 3), "uint8", kind="image", size=(5, 5), std=255.0))


@pytest.mark.parametrize(
    "raw", [np.ones((4, 4, 3), np.float32), np.full((4, 4), 256), np.ones((4, 4, 2), np.uint8)]
)
def test_what_is_no_image_is_refused(raw):
    with pytest.raises(DataError):
        preprocess(raw, spec((1, 4, 4, 3), kind="image", size=(4, 4)))


def test_batch_names_the_sample_that_fails():
    batch = np.zeros((3, 4, 4), np.int16)
    batch[2, 0, 0] = -1
    with pytest.raises(DataError, match="sample 2"):
        preprocess_batch(batch, spec((1, 4, 4, 3), kind="image", size=(4, 4)))


def test_audio_is_scaled_mixed_and_cut_or_filled():
    rules = spec((1, 4), kind="audio", window=4)
    assert preprocess(np.array([-32768, 16384], np.int16), rules).tolist() == [-1, 0.5, 0, 0]
    stereo = np.array([[16384, 0], [0, 0], [0, 32767]], np.int16)
    assert preprocess(stereo, rules).tolist() == [0.25, 0, 32767 / 65536, 0]
    assert preprocess(np.arange(9, dtype=np.float32), rules).tolist() == [0, 1, 2, 3]
    assert preprocess(np.array([128, 0], np.uint8), rules).tolist() == [0, -1, 0, 0]
    louder = spec((1, 2), kind="audio", window=2, mean=0.5, std=0.25)
    assert preprocess(np.array([0.5, 1.0], np.float32), louder).tolist() == [0, 2]


def test_tabular_by_column_for_one_and_many():
    rules = spec((1, 2), kind="tabular", mean=(10.0, 0.0), std=(2.0, 4.0))
    assert preprocess(np.array([12, 4]), rules).tolist() == [1, 1]
    assert preprocess_batch(np.array([[12, 4], [8, 0]]), rules).tolist() == [[1, 1], [-1, 0]]


def test_text_by_character_and_by_word():
    letters = spec(
        (1, 5), "int32", kind="text", vocabulary=("<pad>", "[UNK]", "a", "b"), unknown_id=1
    )
    assert preprocess(np.array("ba?"), letters).tolist() == [3, 2, 1, 0, 0]
    assert preprocess(np.array("aaaaaaab"), letters).tolist() == [2] * 5
    words = spec((1, 4), "int32", kind="text", vocabulary=("", "good", "bad"))
    made = preprocess_batch(np.array(["good  bad", "bad so bad good bad"]), words)
    assert made.tolist() == [[1, 2, 0, 0], [2, 0, 2, 1]]
    assert made.dtype == np.int32
    free = spec((1, -1), "int32", kind="text", vocabulary=("", "good", "bad"))
    assert preprocess_batch(np.array(["good", "bad good"]), free).tolist() == [[1, 0], [2, 1]]


@pytest.mark.parametrize(
    ("shape", "rules", "message"),
    [
        ((1, 4, 4, 3), {"kind": "image"}, "needs its size"),
        ((1, 4, 4, 3), {"kind": "image", "size": (0, 4)}, "positive"),
        ((1, 4, 4, 3), {"kind": "image", "size": (5, 4)}, r"shape \[4, 4, 3\]"),
        ((1, 4, 4, 1), {"kind": "image", "size": (4, 4)}, r"that is \[4, 4, 3\]"),
        ((1, 3, 4, 4), {"kind": "image", "size": (4, 4)}, "height, width, channels"),
        ((1, 4, 4, 3), {"kind": "image", "size": (4, 4), "std": 0.0}, "none of them 0"),
        ((1, 4, 4, 3), {"kind": "image", "size": (4, 4), "mean": float("nan")}, "finite"),
        ((1, 4, 4, 3), {"kind": "image", "size": (4, 4), "mean": (1.0, 2.0)}, "each of 3"),
        ((1, 4, 4, 3), {"kind": "image", "size": (4, 4), "resize_shorter_to": 3}, "at least"),
        ((1, 4, 4, 3), {"kind": "image", "size": (4, 4), "window": 5}, "it knows size"),
        ((1, 4), {"kind": "audio"}, "needs window"),
        ((1, 4), {"kind": "audio", "window": 5}, "length of the model's input"),
        ((1, 4), {"kind": "audio", "window": 4, "sample_rate": 0}, "sample_rate"),
        ((1, 4), {"kind": "tabular", "columns": ("a",)}, "4 features"),
        ((1, 4), {"kind": "tabular", "std": (1.0, 2.0)}, "each of 4"),
        ((1, 4), {"kind": "text"}, "vocabulary"),
        ((1, 4), {"kind": "text", "vocabulary": ("a",), "unknown_id": -1}, "at least 0"),
        ((1, 4), {"mean": 127.5}, "no other key"),
    ],
)
def test_a_preprocessing_that_makes_no_sense(shape, rules, message):
    with pytest.raises(ProjectError, match=message):
        validate(spec(shape, **rules))


def test_unknown_sizes_of_the_model_match_any_size():
    validate(spec((1, -1, -1, 3), kind="image", size=(4, 4)))
    validate(spec((1, -1), kind="tabular", columns=("a", "b"), mean=(1.0, 2.0)))


def test_files_are_turned_as_their_exif_says(tmp_path):
    raw = photo(4, 6)
    image = Image.fromarray(raw)
    exif = image.getexif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    image.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(images.read(tmp_path / "turned.png"), np.rot90(raw, -1))


def test_palettes_alpha_and_gray_files_become_rgb(tmp_path):
    raw = photo(4, 4)
    Image.fromarray(raw).convert("RGBA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.read(tmp_path / "a.png"), raw)
    Image.fromarray(raw[..., 0]).save(tmp_path / "g.png")
    np.testing.assert_array_equal(images.read(tmp_path / "g.png")[..., 2], raw[..., 0])
    Image.fromarray(raw).quantize(4).save(tmp_path / "p.gif")
    assert images.read(tmp_path / "p.gif").shape == (4, 4, 3)


def test_files_that_are_no_images(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    Image.fromarray(np.zeros((2, 2), np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(photo(64, 64)).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:300])
    for name, message in (("a.jpg", "decoded"), ("deep.png", "8 bits"), ("cut.png", "decoded")):
        with pytest.raises(DataError, match=message):
            images.read(tmp_path / name)


def test_a_bomb_of_pixels_is_refused(tmp_path, monkeypatch):
    Image.fromarray(photo(40, 40)).save(tmp_path / "big.png")
    for limit in (1000, 100):  # beyond once (a warning) and twice (an error) Pillow's limit
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match="decoded"):
            images.read(tmp_path / "big.png")


@pytest.mark.corpus
@pytest.mark.parametrize("shorter", [256, 240, 224])
def test_a_real_jpeg_by_the_rule_of_its_corpus(corpus, shorter):
    path = corpus / "imagenet500" / "n01440764_tench.jpg"
    rules = spec(
        (1, 224, 224, 3),
        kind="image",
        size=(224, 224),
        resize="bicubic",
        resize_shorter_to=shorter,
        mean=127.5,
        std=127.5,
    )
    made = preprocess(images.read(path), rules)
    with Image.open(path) as image:
        raw = np.asarray(image.convert("RGB"))
    scale = shorter / min(raw.shape[:2])
    height, width = int(raw.shape[0] * scale), int(raw.shape[1] * scale)
    resized = antialiased(raw, (height, width), cubic, 2)
    top, left = (height - 224) // 2, (width - 224) // 2
    wanted = resized[top : top + 224, left : left + 224] / 127.5 - 1
    assert made.shape == (224, 224, 3)
    assert np.abs(made - wanted).max() <= 1.01 / 127.5
    assert np.mean(np.abs(made - wanted) > 1e-6) < 0.01
