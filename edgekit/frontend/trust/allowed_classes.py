"""What of Keras a model file may name: its layers and what they are set up with, nothing else.

One list serves both Keras: a class that one of them lacks is simply not found there. Left out on
purpose: `Lambda` (code of the file, see `check_config`), `TFSMLayer` and `TorchModuleWrapper`
(load another file), `JaxLayer` and `FlaxLayer` (call a function by name), operations over Python
functions (`Map`, `Scan`, `WhileLoop` ...), `VocabularyFileCategoricalColumn` (reads a file), and
all of `utils`, `saving`, `models.load_model` and their like.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODELS = _names("Functional Model Sequential LinearModel WideDeepModel")

LAYERS = _names(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
    AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D
    AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization
    BatchNormalizationV1 BatchNormalizationV2 Bidirectional CategoryEncoding CenterCrop
    Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D
    Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM1DCell ConvLSTM2D ConvLSTM2DCell
    ConvLSTM3D ConvLSTM3DCell ConvLSTMCell Convolution1D Convolution1DTranspose Convolution2D
    Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D
    Cross CuDNNGRU CuDNNLSTM Custom>CustomScaleLayer CustomScaleLayer CutMix Dense
    DepthwiseConv1D DepthwiseConv2D DeviceWrapper Discretization Dot Dropout DropoutWrapper ELU
    EinsumDense Embedding Equalization Feature FeatureSpace Flatten GRU GRUCell GRUCellV1
    GRUCellV2 GRUV1 GRUV2 GaussianDropout GaussianNoise GlobalAveragePooling1D
    GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
    GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention
    GroupedQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM LSTMCell
    LSTMCellV1 LSTMCellV2 LSTMV1 LSTMV2 LayerNormalization LayerScale LeakyReLU
    LocallyConnected1D LocallyConnected2D Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D
    MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum Mish MixUp
    MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast
    RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomFourierFeatures
    RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
    RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
    RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape ResidualWrapper
    Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D
    SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax Solarization
    SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells
    StochasticDepth StringLookup Subtract SyncBatchNormalization TextVectorization
    ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D
    AddLoss AddMetric InputSpec Layer
    """
)

SYMBOL_LAYERS = _names(
    """
    TFOpLambda SlicingOpLambda ClassMethod InstanceMethod InstanceProperty TensorFlowOpLayer
    """
)
"""Layers of Keras 2 that call what they name; `check_config` looks at the names."""

FEATURE_COLUMNS = _names(
    """
    BucketizedColumn CrossedColumn DenseFeatures EmbeddingColumn HashedCategoricalColumn
    IdentityCategoricalColumn IndicatorColumn NumericColumn SequenceCategoricalColumn
    SequenceFeatures SequenceNumericColumn SharedEmbeddingColumn VocabularyListCategoricalColumn
    WeightedCategoricalColumn
    """
)

INITIALIZERS = _names(
    """
    Constant ConstantV2 GlorotNormal GlorotNormalV2 GlorotUniform GlorotUniformV2 HeNormal
    HeNormalV2 HeUniform HeUniformV2 Identity IdentityInitializer IdentityV2 LecunNormal
    LecunNormalV2 LecunUniform LecunUniformV2 Ones OnesV2 Orthogonal OrthogonalInitializer
    OrthogonalV2 RandomNormal RandomNormalV2 RandomUniform RandomUniformV2 STFT STFTInitializer
    TruncatedNormal TruncatedNormalV2 VarianceScaling VarianceScalingV2 Zeros ZerosV2 constant
    glorot_normal glorot_normalV2 glorot_uniform glorot_uniformV2 he_normal he_normalV2
    he_uniform he_uniformV2 identity lecun_normal lecun_normalV2 lecun_uniform lecun_uniformV2
    normal one ones orthogonal random_normal random_uniform stft truncated_normal uniform
    variance_scaling zero zeros
    """
)

REGULARIZERS = _names("L1 L1L2 L2 OrthogonalRegularizer l1 l1_l2 l1l2 l2 orthogonal_regularizer")

CONSTRAINTS = _names(
    """
    MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm max_norm maxnorm min_max_norm non_neg
    nonneg radial_constraint unit_norm unitnorm
    """
)

POLICIES = _names(
    """
    AWQDTypePolicy AbsMaxQuantizer DTypePolicy DTypePolicyMap Float8QuantizationConfig
    FloatDTypePolicy GPTQDTypePolicy Int4DTypePolicy Int4QuantizationConfig
    Int8QuantizationConfig Policy PolicyV1 QuantizationConfig QuantizedDTypePolicy
    QuantizedFloat8DTypePolicy
    """
)

TFMOT = _names(
    """
    AllValuesQuantizer ConstantSparsity Default8BitActivationQuantizeConfig
    Default8BitConvQuantizeConfig Default8BitConvTransposeQuantizeConfig
    Default8BitOutputQuantizeConfig Default8BitQuantizeConfig FixedQuantizer LastValueQuantizer
    MovingAverageQuantizer NoOpActivation NoOpQuantizeConfig OutputOnlyConfig PolynomialDecay
    PruneLowMagnitude QuantizeAwareActivation QuantizeLayer QuantizeWrapper QuantizeWrapperV2
    """
)
"""Classes of tensorflow-model-optimization, for which edgekit has stand-ins of its own: nothing of
that package is imported (see `keras2.tfmot_layers`)."""

TFMOT_MODULES = "tensorflow_model_optimization.python.core."
"""How their `module` begins, where a file says one."""

OPERATIONS = _names(
    """
    Abs Absolute AdaptiveAveragePool AdaptiveMaxPool AffineTransform All AllClose Amax Amin
    Angle Any Append Arange Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin
    Argpartition Argsort Array ArraySplit AveragePool BatchNorm BinaryCrossentropy Bincount
    BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor
    BroadcastTo CDist CTCDecode CTCLoss Cast CategoricalCrossentropy Cbrt Ceil Celu Cholesky
    CholeskyInverse Clip Conj Conjugate Conv ConvTranspose ConvertToTensor Copy Corrcoef
    Correlate Cos Cosh CountNonzero CropImages Cumprod Cumsum Deg2rad DepthToSpace DepthwiseConv
    Det Diag Diagflat Diagonal Diff Digitize Divide DivideNoNan DotProductAttention Dsplit
    Dstack Eig Eigh Einsum ElasticTransform Elu EmptyLike Equal Erf Erfc Erfinv Exp Exp2
    ExpandDims Expm1 ExtractPatches ExtractSequences FFT FFT2 Fabs Flip Fliplr Flipud Floor
    FloorDivide Fmax Fmin Fmod Fold Full FullLike GaussianBlur Gcd Gelu Geomspace GetItem Glu
    Greater GreaterEqual HSVToRGB HardShrink HardSigmoid HardSilu HardTanh Heaviside Histogram
    Hsplit Hstack Hypot I0 IFFT2 IRFFT ISTFT Imag InTopK Inner Inv IsIn Isclose Isfinite Isinf
    Isnan Isneginf Isposinf Isreal Kron LayerNorm Lcm Ldexp LeakyRelu LeftShift Less LessEqual
    Linspace Log Log10 Log1p Log2 LogSigmoid LogSoftmax Logaddexp Logaddexp2 Logdet LogicalAnd
    LogicalNot LogicalOr LogicalXor Logspace Logsumexp Lstsq LuFactor MapCoordinates Matmul
    MatrixRank Max MaxPool Mean Median Meshgrid Min Mod Moments Moveaxis MultiHot NanToNum
    Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanpercentile
    Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero Norm Normalize
    NotEqual OneHot OnesLike Outer PSNR Pad PadImages Percentile PerspectiveTransform Pinv Polar
    Power Prod Ptp Qr Quantile RFFT RGBToGrayscale RGBToHSV RMSNorm Rad2deg Ravel Real Rearrange
    Reciprocal Relu Relu6 Repeat Resize RightShift Roll Rot90 Round Rsqrt SSIM STFT SVD
    SaturateCast ScaleAndTranslate Scatter ScatterUpdate SearchSorted SegmentMax SegmentMin
    SegmentProd SegmentReduction SegmentSum Select Selu SeparableConv Sigmoid Sign Signbit Silu
    Sin Sinc Sinh Size Slice SliceUpdate Slogdet SobelEdges SoftShrink Softplus Softsign Solve
    SolveTriangular Sort SpaceToDepth SparseCategoricalCrossentropy SparsePlus SparseSigmoid
    Sparsemax Split Sqrt Square Squareplus Squeeze Stack Std StopGradient Sum Swapaxes Take
    TakeAlongAxis Tan Tanh TanhShrink Tensordot Threshold Tile TopK Trace Transpose Trapezoid
    Tril Triu TrueDivide Trunc Unfold Unique UnravelIndex Unstack Vander Var Vdot View
    ViewAsComplex ViewAsReal Vsplit Vstack Where ZerosLike
    """
)
"""Operations of Keras 3 between layers, `keras.ops`, by class."""

CLASSES = (
    MODELS
    | LAYERS
    | SYMBOL_LAYERS
    | FEATURE_COLUMNS
    | INITIALIZERS
    | REGULARIZERS
    | CONSTRAINTS
    | POLICIES
    | OPERATIONS
)
"""Every `class_name` that stands for a class of Keras."""

ACTIVATIONS = _names(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
    leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink
    softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh
    tanh_shrink threshold
    """
)

IDENTIFIERS = {
    "activation": ACTIVATIONS | _names("ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU"),
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "constraint": CONSTRAINTS,
}
"""What an option whose name ends so may be, where it is plain text."""

METRICS = _names(
    """
    AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy
    CategoricalCrossentropy CategoricalHinge CosineSimilarity F1Score FBetaScore FalseNegatives
    FalsePositives Hinge IoU KLDivergence LogCoshError Mean MeanAbsoluteError
    MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanRelativeError MeanSquaredError
    MeanSquaredLogarithmicError MeanTensor OneHotIoU OneHotMeanIoU Poisson Precision
    PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
    SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy
    SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum
    TopKCategoricalAccuracy TrueNegatives TruePositives
    """
)
"""Metrics that a SavedModel's Keras description may name."""

_PUBLIC = _names(
    """
    activations constraints dtype_policies experimental initializers layers layers.experimental
    layers.experimental.preprocessing mixed_precision models quantizers regularizers
    """
)
_INTERNAL = _names(
    """
    applications.convnext applications.inception_resnet_v2 engine.functional engine.sequential
    engine.training layers.core.tf_op_layer layers.preprocessing.feature_space
    layers.rnn.conv_lstm legacy.layers models.functional models.model models.sequential ops.core
    ops.einops ops.image ops.linalg ops.math ops.nn ops.numpy quantizers.quantization_config
    quantizers.quantizers
    """
)
MODULES = frozenset(
    f"{root}{name}"
    for root in ("keras", "tf_keras")
    for name in ("", *(f".{n}" for n in _PUBLIC), *(f".src.{n}" for n in _INTERNAL))
)
"""Every `module` that a class of Keras may be said to come from."""

FUNCTION_MODULES = frozenset(
    f"{root}.{name}"
    for root in ("keras", "tf_keras")
    for name in ("activations", "src.activations", "src.activations.activations")
) | {"builtins"}
"""Every `module` of a function object, whose function is one of ACTIVATIONS."""

TYPE_SPECS = _names(
    """
    tensorflow.python.framework.tensor.TensorSpec
    tensorflow.python.framework.tensor_spec.TensorSpec
    tensorflow.python.framework.sparse_tensor.SparseTensorSpec
    tensorflow.python.ops.ragged.ragged_tensor.RaggedTensorSpec
    """
)
"""Module and class of a `__typespec__`."""

REGISTERED_TYPE_SPECS = _names("tf.TensorSpec tf.RaggedTensorSpec tf.SparseTensorSpec")
"""What a `TypeSpec` may be, by the name under which TensorFlow registers it."""

LITERALS = _names(
    """
    __tensor__ __numpy__ __bytes__ __ellipsis__ __slice__ __keras_tensor__ __tuple__ TensorShape
    CompositeTensor
    """
)
"""Values that the serializers of Keras write as objects."""
