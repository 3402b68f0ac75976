"""The symbols of TensorFlow that a model file may name: arithmetic on tensors, nothing else.

Keras 2 records `x + y`, `tf.nn.relu(x)` or a slice in a functional model by the name of the
function, looks that name up in all of TensorFlow's API when the file is read, and calls what it
finds with constants of the file. What stands here takes tensors, numbers and words such as
`SAME`: no path, no address, no code. What does not stand here is refused, also what a later
TensorFlow adds. Left out on purpose: control flow and maps over Python functions, `py_function`,
`print`, `io`, `data`, `debugging`, `raw_ops`, `lite`, `load_*`, `xla_*` (custom calls reach native
code), candidate samplers (one reads a vocabulary file), and image codecs.
"""

from __future__ import annotations

_FUNCTIONS = {
    "": """
        abs acos acosh add add_n argmax argmin argsort asin asinh atan atan2 atanh
        batch_to_space bitcast boolean_mask broadcast_dynamic_shape broadcast_static_shape
        broadcast_to cast clip_by_global_norm clip_by_norm clip_by_value complex concat
        convert_to_tensor cos cosh cumsum divide dynamic_partition dynamic_stitch eig
        eigvals einsum ensure_shape equal exp expand_dims extract_volume_patches eye fill
        floor gather gather_nd greater greater_equal histogram_fixed_width
        histogram_fixed_width_bins identity identity_n less less_equal linspace logical_and
        logical_not logical_or matmul matrix_square_root maximum meshgrid minimum multiply
        negative norm not_equal one_hot ones ones_like pad pow range rank reduce_all
        reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum
        repeat reshape reverse reverse_sequence roll round saturate_cast scalar_mul
        scatter_nd searchsorted sequence_mask shape sigmoid sign sin sinh size slice sort
        space_to_batch space_to_batch_nd split sqrt square squeeze stack stop_gradient
        strided_slice subtract tan tanh tensor_scatter_nd_add tensor_scatter_nd_max
        tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile
        transpose truediv unique unique_with_counts unravel_index unstack where zeros
        zeros_like
    """,
    "__operators__": """
        add eq getitem ne ragged_getitem
    """,
    "bitwise": """
        bitwise_and bitwise_or bitwise_xor invert left_shift right_shift
    """,
    "dtypes": """
        cast complex saturate_cast
    """,
    "math": """
        abs accumulate_n acos acosh add add_n angle argmax argmin asin asinh atan atan2
        atanh bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc bincount ceil
        confusion_matrix conj cos cosh count_nonzero cumprod cumsum cumulative_logsumexp
        digamma divide divide_no_nan equal erf erfc erfcinv erfinv exp expm1 floor floordiv
        floormod greater greater_equal igamma igammac imag in_top_k is_finite is_inf is_nan
        is_non_decreasing is_strictly_increasing l2_normalize lbeta less less_equal lgamma
        log log1p log_sigmoid log_softmax logical_and logical_not logical_or logical_xor
        maximum minimum mod multiply multiply_no_nan ndtri negative nextafter not_equal
        polygamma polyval pow real reciprocal reciprocal_no_nan reduce_all reduce_any
        reduce_euclidean_norm reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod
        reduce_std reduce_sum reduce_variance rint round rsqrt scalar_mul segment_max
        segment_mean segment_min segment_prod segment_sum sigmoid sign sin sinh softmax
        softplus softsign sqrt square squared_difference subtract tan tanh top_k truediv
        unsorted_segment_max unsorted_segment_mean unsorted_segment_min
        unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum xdivy xlog1py
        xlogy zero_fraction zeta
    """,
    "math.special": """
        bessel_i0 bessel_i0e bessel_i1 bessel_i1e bessel_j0 bessel_j1 bessel_k0 bessel_k0e
        bessel_k1 bessel_k1e bessel_y0 bessel_y1 dawsn expint fresnel_cos fresnel_sin spence
    """,
    "nn": """
        atrous_conv2d atrous_conv2d_transpose avg_pool avg_pool1d avg_pool2d avg_pool3d
        batch_norm_with_global_normalization batch_normalization bias_add conv1d
        conv1d_transpose conv2d conv2d_transpose conv3d conv3d_transpose conv_transpose
        convolution crelu depth_to_space depthwise_conv2d dilation2d dropout elu
        embedding_lookup erosion2d gelu in_top_k l2_loss l2_normalize leaky_relu
        local_response_normalization log_poisson_loss log_softmax lrn max_pool max_pool1d
        max_pool2d max_pool3d max_pool_with_argmax moments normalize_moments pool relu relu6
        selu separable_conv2d sigmoid sigmoid_cross_entropy_with_logits silu softmax
        softmax_cross_entropy_with_logits softplus softsign space_to_batch space_to_depth
        sparse_softmax_cross_entropy_with_logits swish tanh top_k
        weighted_cross_entropy_with_logits weighted_moments zero_fraction
    """,
    "linalg": """
        adjoint band_part cholesky cholesky_solve cross det diag diag_part eig eigh
        eigh_tridiagonal eigvals eigvalsh einsum expm eye global_norm inv l2_normalize
        logdet logm lstsq lu lu_matrix_inverse lu_reconstruct lu_solve matmul matrix_rank
        matrix_transpose matvec norm normalize pinv qr set_diag slogdet solve sqrtm svd
        tensor_diag tensor_diag_part tensordot trace triangular_solve tridiagonal_matmul
        tridiagonal_solve
    """,
    "image": """
        adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation
        central_crop combined_non_max_suppression convert_image_dtype crop_and_resize
        crop_to_bounding_box draw_bounding_boxes extract_glimpse extract_patches
        flip_left_right flip_up_down grayscale_to_rgb hsv_to_rgb image_gradients
        non_max_suppression non_max_suppression_overlaps non_max_suppression_padded
        non_max_suppression_with_scores pad_to_bounding_box per_image_standardization psnr
        random_brightness random_contrast random_crop random_flip_left_right
        random_flip_up_down random_hue random_saturation resize resize_with_crop_or_pad
        resize_with_pad rgb_to_grayscale rgb_to_hsv rgb_to_yiq rgb_to_yuv rot90 sobel_edges
        ssim ssim_multiscale stateless_random_brightness stateless_random_contrast
        stateless_random_crop stateless_random_flip_left_right stateless_random_flip_up_down
        stateless_random_hue stateless_random_saturation total_variation transpose
        yiq_to_rgb yuv_to_rgb
    """,
    "signal": """
        dct fft fft2d fft3d fftshift frame hamming_window hann_window idct ifft ifft2d
        ifft3d ifftshift inverse_mdct inverse_stft irfft irfft2d irfft3d
        kaiser_bessel_derived_window kaiser_window linear_to_mel_weight_matrix mdct
        mfccs_from_log_mel_spectrograms overlap_and_add rfft rfft2d rfft3d stft
        vorbis_window
    """,
    "random": """
        categorical normal stateless_categorical stateless_normal stateless_truncated_normal
        stateless_uniform truncated_normal uniform
    """,
    "quantization": """
        dequantize fake_quant_with_min_max_args fake_quant_with_min_max_vars
        fake_quant_with_min_max_vars_per_channel quantize quantize_and_dequantize
        quantize_and_dequantize_v2
    """,
    "ragged": """
        boolean_mask constant range row_splits_to_segment_ids segment_ids_to_row_splits
        stack stack_dynamic_partitions
    """,
    "sparse": """
        bincount reshape
    """,
    "keras.activations": """
        elu exponential gelu hard_sigmoid linear mish relu selu sigmoid softmax softplus
        softsign swish tanh
    """,
    "keras.backend": """
        abs all any arange argmax argmin batch_dot batch_flatten batch_normalization
        bias_add binary_crossentropy binary_focal_crossentropy cast cast_to_floatx
        categorical_crossentropy categorical_focal_crossentropy clip concatenate constant
        conv1d conv2d conv2d_transpose conv3d cos cumprod cumsum depthwise_conv2d dot
        dropout dtype elu epsilon equal exp expand_dims eye flatten gather greater
        greater_equal hard_sigmoid image_data_format in_top_k l2_normalize less less_equal
        local_conv1d local_conv2d log max maximum mean min minimum not_equal one_hot ones
        ones_like permute_dimensions pool2d pool3d pow prod random_bernoulli random_binomial
        random_normal random_uniform relu repeat repeat_elements reshape resize_images
        resize_volumes reverse round separable_conv2d shape sigmoid sign sin softmax
        softplus softsign sparse_categorical_crossentropy spatial_2d_padding
        spatial_3d_padding sqrt square squeeze stack std stop_gradient sum switch tanh
        temporal_padding tile to_dense transpose truncated_normal
    """,
    "keras.losses": """
        KLD MAE MAPE MSE MSLE binary_crossentropy binary_focal_crossentropy
        categorical_crossentropy categorical_focal_crossentropy categorical_hinge
        cosine_similarity hinge huber kl_divergence kld kullback_leibler_divergence log_cosh
        logcosh mae mape mean_absolute_error mean_absolute_percentage_error
        mean_squared_error mean_squared_logarithmic_error mse msle poisson
        sparse_categorical_crossentropy squared_hinge
    """,
    "keras.metrics": """
        KLD MAE MAPE MSE MSLE binary_accuracy binary_crossentropy binary_focal_crossentropy
        categorical_accuracy categorical_crossentropy categorical_focal_crossentropy hinge
        kl_divergence kld kullback_leibler_divergence log_cosh logcosh mae mape
        mean_absolute_error mean_absolute_percentage_error mean_squared_error
        mean_squared_logarithmic_error mse msle poisson sparse_categorical_accuracy
        sparse_categorical_crossentropy sparse_top_k_categorical_accuracy squared_hinge
        top_k_categorical_accuracy
    """,
    "compat.v1": """
        arg_max arg_min batch_gather batch_to_space batch_to_space_nd boolean_mask
        clip_by_average_norm div expand_dims floor_div gather gather_nd norm ones_like pad
        shape size squeeze to_bfloat16 to_complex128 to_complex64 to_double to_float
        to_int32 to_int64 transpose where zeros_like
    """,
    "compat.v1.image": """
        crop_and_resize draw_bounding_boxes extract_glimpse extract_image_patches
        resize_area resize_bicubic resize_bilinear resize_image_with_pad resize_images
        resize_nearest_neighbor
    """,
    "compat.v1.math": """
        argmax argmin confusion_matrix count_nonzero in_top_k reduce_all reduce_any
        reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum scalar_mul
    """,
    "compat.v1.nn": """
        avg_pool batch_norm_with_global_normalization conv1d conv2d conv2d_transpose conv3d
        conv3d_transpose convolution crelu depth_to_space depthwise_conv2d
        depthwise_conv2d_native dilation2d dropout embedding_lookup erosion2d
        fused_batch_norm log_softmax max_pool max_pool_with_argmax moments pool relu_layer
        separable_conv2d sigmoid_cross_entropy_with_logits softmax
        softmax_cross_entropy_with_logits softmax_cross_entropy_with_logits_v2
        space_to_batch space_to_depth sparse_softmax_cross_entropy_with_logits
        weighted_cross_entropy_with_logits weighted_moments xw_plus_b
    """,
}

FUNCTIONS = frozenset(
    f"{module}.{name}" if module else name
    for module, names in _FUNCTIONS.items()
    for name in names.split()
)
"""Functions by their API name without `tf.`, as `TFOpLambda` and `SlicingOpLambda` name them."""

TEXT_COMPARISONS = frozenset(
    ("math.equal", "math.not_equal", "__operators__.eq", "__operators__.ne", "where")
)
"""Functions among them whose constants may be any text: they compare or choose, nothing else."""

CLASS_METHODS = frozenset(
    f"RaggedTensor.{name}"
    for name in """
    from_value_rowids from_row_splits from_row_lengths from_row_starts from_row_limits
    from_uniform_row_length from_nested_value_rowids from_nested_row_splits
    from_nested_row_lengths from_tensor from_sparse
    """.split()
)
"""`cls_symbol.method_name` of `ClassMethod`: those that Keras 2 records."""

METHODS = frozenset(
    """
    value_rowids nested_value_rowids nrows row_starts row_limits row_lengths nested_row_lengths
    bounding_shape with_values with_flat_values with_row_splits_dtype merge_dims to_tensor
    to_sparse
    """.split()
)
"""Methods of a ragged or sparse tensor, as `InstanceMethod` names them."""

PROPERTIES = frozenset(
    "values flat_values row_splits nested_row_splits indices dense_shape shape dtype".split()
)
"""Attributes of a tensor, as `InstanceProperty` names them."""

OPERATORS = frozenset(
    """
    Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool
    AvgPool3D BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpace BatchToSpaceND BiasAdd
    BiasAddV1 Bincount Bitcast BitwiseAnd BitwiseOr BitwiseXor BroadcastArgs BroadcastTo Cast
    Ceil ClipByValue Complex ComplexAbs Concat ConcatV2 Conj Const Conv2D Conv2DBackpropInput
    Conv3D Conv3DBackpropInputV2 Cos Cosh CropAndResize Cumprod Cumsum CumulativeLogsumexp
    DepthToSpace DepthwiseConv2dNative Diag DiagPart Dilation2D Div DivNoNan DynamicPartition
    DynamicStitch Einsum Elu EnsureShape Equal Erf Erfc Exp ExpandDims Expm1 ExtractImagePatches
    FFT FFT2D FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
    Fill Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather
    GatherNd GatherV2 Greater GreaterEqual IFFT IFFT2D IRFFT IRFFT2D Identity IdentityN Imag Inv
    InvertPermutation IsFinite IsInf IsNan L2Loss LRN LeakyRelu LeftShift Less LessEqual Lgamma
    LinSpace Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul MatrixBandPart
    MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3
    MatrixInverse MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 Max MaxPool MaxPool3D MaxPoolV2
    MaxPoolWithArgmax Maximum Mean Min Minimum MirrorPad Mod Mul MulNoNan Multinomial Neg
    NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4
    NonMaxSuppressionV5 NotEqual OneHot OnesLike Pack Pad PadV2 Pow Prod QuantizeAndDequantize
    QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 RFFT RFFT2D
    RandomStandardNormal RandomUniform Range Rank Real RealDiv Reciprocal Relu Relu6 Reshape
    ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor Reverse ReverseSequence
    ReverseV2 RightShift Rint Roll Round Rsqrt ScatterNd SegmentMax SegmentMean SegmentMin
    SegmentProd SegmentSum Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Sinh Size Slice
    Softmax Softplus Softsign SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square
    SquaredDifference Squeeze StopGradient StridedSlice Sub Sum Tan Tanh TensorScatterAdd
    TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate Tile TopK TopKV2
    Transpose TruncateDiv TruncateMod Unique UniqueV2 Unpack UnravelIndex UnsortedSegmentMax
    UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Where Xdivy Xlog1py Xlogy
    ZerosLike
    """.split()
)
"""Operators of a graph, as `node_def` of `TensorFlowOpLayer` names them (TensorFlow 2.0 to 2.3)."""

WORDS = frozenset(
    """
    bool int4 int8 int16 int32 int64 uint8 uint16 uint32 uint64 half bfloat16 float16 float32
    float64 float double complex64 complex128 string
    SAME VALID same valid EXPLICIT CAUSAL causal CONSTANT REFLECT SYMMETRIC constant reflect
    symmetric NHWC NCHW NWC NCW NDHWC NCDHW HWC channels_last channels_first
    area bicubic bilinear gaussian lanczos3 lanczos5 mitchellcubic nearest
    euclidean fro inf left right ASCENDING DESCENDING LEFT_LEFT LEFT_RIGHT RIGHT_LEFT RIGHT_RIGHT
    mean sum max min avg MAX AVG div mod ij xy greedy optimal auto auto_infer
    MIN_COMBINED MIN_FIRST SCALED HALF_TO_EVEN
    HALF_AWAY_FROM_ZERO ortho threefry philox auto_select default
    """.split()
)
"""Words that a constant argument may be: dtypes, paddings, layouts, methods, orders."""
