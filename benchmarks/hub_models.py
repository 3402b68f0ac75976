"""One tiny model of each family of keras_hub, with samples for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras_hub
import numpy as np
from keras_hub import models

_SAMPLES = 24
_LENGTH = 12
_VOCABULARY = 50
_CLASSES = 4
_TEXT: dict[str, Any] = {
    "vocabulary_size": _VOCABULARY,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
}
_DECODER: dict[str, Any] = {
    "vocabulary_size": _VOCABULARY,
    "num_layers": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 32,
}
_PATCHES: dict[str, Any] = {
    "image_shape": (32, 32, 3),
    "patch_size": 8,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 16,
}

Built = tuple[Any, Any]
Random = np.random.Generator


def _ids(random: Random) -> np.ndarray:
    return random.integers(0, _VOCABULARY, (_SAMPLES, _LENGTH)).astype("int32")


def _mask(random: Random, length: int = _LENGTH) -> np.ndarray:
    """True for at least half of each row, and then false."""
    ends = random.integers(length // 2, length + 1, (_SAMPLES, 1))
    return np.arange(length)[None] < ends


def _text(random: Random, prefix: str = "") -> dict[str, np.ndarray]:
    return {
        f"{prefix}token_ids": _ids(random),
        f"{prefix}padding_mask": _mask(random).astype("int32"),
    }


def _images(random: Random, size: int) -> np.ndarray:
    return random.uniform(size=(_SAMPLES, size, size, 3)).astype("float32")


def _resnet(size: int) -> Any:
    return models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 16, 32, 32],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=(size, size, 3),
    )


def _bert(random: Random) -> Built:
    backbone = models.BertBackbone(**_TEXT, max_sequence_length=_LENGTH)
    segments = random.integers(0, 2, (_SAMPLES, _LENGTH)).astype("int32")
    model = models.BertTextClassifier(backbone, num_classes=_CLASSES)
    return model, {**_text(random), "segment_ids": segments}


def _distil_bert(random: Random) -> Built:
    backbone = models.DistilBertBackbone(**_TEXT, max_sequence_length=_LENGTH)
    return models.DistilBertTextClassifier(backbone, num_classes=_CLASSES), _text(random)


def _vit(random: Random) -> Built:
    backbone = models.ViTBackbone(**_PATCHES, mlp_dim=32)
    return models.ViTImageClassifier(backbone, num_classes=_CLASSES), _images(random, 32)


def _deit(random: Random) -> Built:
    backbone = models.DeiTBackbone(**_PATCHES, intermediate_dim=32)
    return models.DeiTImageClassifier(backbone, num_classes=_CLASSES), _images(random, 32)


def _mobilenet_v5(random: Random) -> Built:
    # An edge residual block, two universal inverted bottlenecks, a third one and attention.
    backbone = models.MobileNetV5Backbone(
        stackwise_block_types=[["er"], ["uir", "uir"], ["uir", "mqa"]],
        stackwise_num_blocks=[1, 2, 2],
        stackwise_num_filters=[[8], [16, 16], [32, 32]],
        stackwise_strides=[[2], [2, 1], [2, 1]],
        stackwise_act_layers=[["gelu"], ["gelu", "gelu"], ["gelu", "gelu"]],
        stackwise_exp_ratios=[[4.0], [6.0, 6.0], [4.0, 1.0]],
        stackwise_se_ratios=[[0.0], [0.0, 0.0], [0.0, 0.0]],
        stackwise_dw_kernel_sizes=[[0], [5, 5], [5, 0]],
        stackwise_dw_start_kernel_sizes=[[0], [3, 0], [0, 0]],
        stackwise_dw_end_kernel_sizes=[[0], [0, 0], [0, 0]],
        stackwise_exp_kernel_sizes=[[3], [0, 0], [0, 0]],
        stackwise_pw_kernel_sizes=[[1], [0, 0], [0, 0]],
        stackwise_num_heads=[[0], [0, 0], [0, 2]],
        stackwise_key_dims=[[0], [0, 0], [0, 16]],
        stackwise_value_dims=[[0], [0, 0], [0, 16]],
        stackwise_kv_strides=[[0], [0, 0], [0, 2]],
        stackwise_use_cpe=[[False], [False, False], [False, False]],
        num_features=32,
        msfa_output_resolution=4,
        image_shape=(64, 64, 3),
    )
    return models.MobileNetV5ImageClassifier(backbone, num_classes=_CLASSES), _images(random, 64)


def _segformer(random: Random) -> Built:
    encoder = models.MiTBackbone(
        image_shape=(64, 64, 3),
        num_layers=4,
        hidden_dims=[8, 16, 24, 32],
        layerwise_depths=[1, 1, 1, 1],
        layerwise_num_heads=[1, 2, 2, 2],
        layerwise_sr_ratios=[8, 4, 2, 1],
        layerwise_patch_sizes=[7, 3, 3, 3],
        layerwise_strides=[4, 2, 2, 2],
        max_drop_path_rate=0.1,
    )
    backbone = models.SegFormerBackbone(image_encoder=encoder, projection_filters=16)
    return models.SegFormerImageSegmenter(backbone, num_classes=_CLASSES), _images(random, 64)


def _deeplab_v3(random: Random) -> Built:
    backbone = models.DeepLabV3Backbone(
        image_encoder=_resnet(64),
        projection_filters=8,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        upsampling_size=4,
        dilation_rates=[2, 4],
        image_shape=(64, 64, 3),
    )
    return models.DeepLabV3ImageSegmenter(backbone, num_classes=_CLASSES), _images(random, 64)


def _retinanet(random: Random) -> Built:
    backbone = models.RetinaNetBackbone(
        image_encoder=_resnet(128),
        min_level=3,
        max_level=5,
        use_p5=False,
        image_shape=(128, 128, 3),
    )
    return models.RetinaNetObjectDetector(backbone, num_classes=_CLASSES), _images(random, 128)


def _d_fine(random: Random) -> Built:
    pixels = {"image_shape": (128, 128, 3)}
    stages = {"out_features": ["stage3", "stage4"]}
    encoder = models.HGNetV2Backbone(
        stem_channels=[3, 8, 8],
        stackwise_stage_filters=[
            [8, 8, 16, 1, 3, 3],
            [16, 8, 32, 1, 3, 3],
            [32, 16, 32, 1, 3, 5],
            [32, 16, 64, 1, 3, 5],
        ],
        apply_downsample=[False, True, True, True],
        use_lightweight_conv_block=[False, False, True, True],
        depths=[1, 1, 1, 1],
        hidden_sizes=[16, 32, 32, 64],
        embedding_size=8,
        use_learnable_affine_block=True,
        hidden_act="relu",
        **pixels,
        **stages,
    )
    backbone = models.DFineBackbone(
        backbone=encoder,
        decoder_in_channels=[16, 16],
        encoder_hidden_dim=16,
        num_denoising=0,
        num_labels=_CLASSES,
        hidden_dim=16,
        learn_initial_query=False,
        num_queries=20,
        anchor_image_size=(128, 128),
        feat_strides=[16, 32],
        num_feature_levels=2,
        encoder_in_channels=[32, 64],
        encode_proj_layers=[1],
        num_attention_heads=2,
        encoder_ffn_dim=32,
        num_encoder_layers=1,
        hidden_expansion=0.5,
        depth_multiplier=0.5,
        eval_idx=-1,
        num_decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        decoder_n_points=[3, 3],
        lqe_hidden_dim=16,
        num_lqe_layers=2,
        seed=0,
        **pixels,
        **stages,
    )
    return models.DFineObjectDetector(backbone, num_classes=_CLASSES), _images(random, 128)


def _sam_encoder(random: Random) -> Built:
    encoder = models.ViTDetBackbone(
        hidden_size=16,
        num_layers=2,
        intermediate_dim=32,
        num_heads=2,
        global_attention_layer_indices=[1],
        patch_size=16,
        num_output_channels=16,
        window_size=2,
        image_shape=(128, 128, 3),
    )
    return encoder, _images(random, 128)


def _sam(random: Random) -> Built:
    encoder, images = _sam_encoder(random)
    prompts = keras_hub.layers.SAMPromptEncoder(
        hidden_size=16,
        image_embedding_size=(8, 8),
        input_image_size=(128, 128),
        mask_in_channels=16,
    )
    masks = keras_hub.layers.SAMMaskDecoder(
        hidden_size=16,
        num_layers=2,
        intermediate_dim=32,
        num_heads=2,
        embedding_dim=16,
        iou_head_hidden_dim=8,
    )
    backbone = models.SAMBackbone(image_encoder=encoder, prompt_encoder=prompts, mask_decoder=masks)
    corners = np.sort(random.uniform(0, 128, (_SAMPLES, 1, 2, 2)), axis=2)
    return models.SAMImageSegmenter(backbone), {
        "images": images,
        "points": random.uniform(0, 128, (_SAMPLES, 2, 2)).astype("float32"),
        "labels": random.integers(0, 2, (_SAMPLES, 2)).astype("float32"),
        "boxes": corners.astype("float32"),
        "masks": random.normal(size=(_SAMPLES, 1, 32, 32, 1)).astype("float32"),
    }


def _whisper(random: Random) -> Built:
    model = models.WhisperBackbone(
        **_TEXT, max_encoder_sequence_length=32, max_decoder_sequence_length=_LENGTH
    )
    features = random.normal(size=(_SAMPLES, 32, 80)).astype("float32")
    return model, {"encoder_features": features, **_text(random, "decoder_")}


def _moonshine(random: Random) -> Built:
    model = models.MoonshineBackbone(
        vocabulary_size=_VOCABULARY,
        filter_dim=16,
        encoder_num_layers=2,
        decoder_num_layers=2,
        hidden_dim=16,
        intermediate_dim=32,
        encoder_num_heads=2,
        decoder_num_heads=2,
        partial_rotary_factor=0.5,
    )
    return model, {
        "encoder_input_values": random.normal(size=(_SAMPLES, 2000, 1)).astype("float32"),
        "encoder_padding_mask": _mask(random, 2000),
        "decoder_token_ids": _ids(random),
        "decoder_padding_mask": _mask(random),
    }


def _t5(random: Random) -> Built:
    return models.T5Backbone(**_TEXT), {**_text(random, "encoder_"), **_text(random, "decoder_")}


def _gemma(random: Random) -> Built:
    return models.GemmaCausalLM(models.GemmaBackbone(**_DECODER, head_dim=4)), _text(random)


def _llama(random: Random) -> Built:
    return models.LlamaCausalLM(models.LlamaBackbone(**_DECODER)), _text(random)


FAMILIES: dict[str, Callable[[Random], Built]] = {
    "BERT": _bert,
    "DistilBERT": _distil_bert,
    "ViT": _vit,
    "DeiT": _deit,
    "MobileNetV5": _mobilenet_v5,
    "SegFormer": _segformer,
    "DeepLabV3": _deeplab_v3,
    "RetinaNet": _retinanet,
    "D-Fine": _d_fine,
    "SAM encoder": _sam_encoder,
    "SAM": _sam,
    "Whisper": _whisper,
    "Moonshine": _moonshine,
    "T5": _t5,
    "Gemma": _gemma,
    "Llama": _llama,
}
