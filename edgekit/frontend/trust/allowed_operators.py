"""The operators of TensorFlow that a model of someone else's may hold.

What is not here is refused without `--unsafe` (see `check_saved_model`): of TensorFlow's 1,900
operators many read or write files (WriteFile, PrintV2, every dataset, summary writers,
ImmutableConst, DebugIdentity), open connections, call back into Python, wait, or end the process.
Each name here computes tensors from tensors, or keeps them in memory; a test holds that TensorFlow
knows each of them.
"""

from __future__ import annotations

LOWERED = frozenset(
    # What TensorFlow's converter has a builtin TFLite operator for, or writes as several of them.
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin Atan2 AvgPool BatchMatMul BatchMatMulV2 BatchMatMulV3
    BatchToSpaceND BiasAdd BitwiseXor BroadcastArgs BroadcastTo Bucketize Cast Ceil ClipByValue
    ComplexAbs Concat ConcatV2 Conv2D Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 Cos Cumsum
    DepthToSpace DepthwiseConv2dNative Div DivNoNan Einsum Elu Equal Exp ExpandDims Expm1
    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill Floor
    FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2
    Greater GreaterEqual Imag IsFinite L2Loss LRN LeakyRelu Less LessEqual Log Log1p LogSoftmax
    LogicalAnd LogicalNot LogicalOr MatMul MatrixDiag MatrixDiagV2 MatrixDiagV3 MatrixSetDiag
    MatrixSetDiagV2 MatrixSetDiagV3 Max MaxPool Maximum Mean Min Minimum MirrorPad Mul Neg
    NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual OneHot OnesLike Pack Pad PadV2 Pow Prod
    QuantizeAndDequantizeV2 RFFT RFFT2D Range Rank Real RealDiv Reciprocal Relu Relu6 Reshape
    ResizeBilinear ResizeNearestNeighbor ReverseSequence ReverseV2 RightShift Round Rsqrt ScatterNd
    SegmentSum Select SelectV2 Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus
    SpaceToBatchND SpaceToDepth SparseToDense Split SplitV Sqrt Square SquaredDifference Squeeze
    StridedSlice Sub Sum Tanh TensorScatterAdd TensorScatterUpdate Tile TopKV2 Transpose Unique
    Unpack UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Where
    ZerosLike
    """
    # What carries values and order, and is folded away.
    """
    Assert Const ControlTrigger EnsureShape Identity IdentityN NoOp Placeholder PlaceholderV2
    PlaceholderWithDefault PreventGradient ShapeN Snapshot StopGradient
    """
    # Variables: frozen into constants, or kept as TFLite's own.
    """
    AssignVariableOp ReadVariableOp ResourceGather ResourceGatherNd VarHandleOp VarIsInitializedOp
    VariableShape
    """
    # Functions, branches and loops; the lists of tensors that loops over time steps keep.
    """
    Case If PartitionedCall StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile While
    EmptyTensorList TensorListConcatV2 TensorListElementShape TensorListFromTensor TensorListGetItem
    TensorListLength TensorListPopBack TensorListPushBack TensorListReserve TensorListResize
    TensorListSetItem TensorListStack
    """
    # StableHLO of JAX; only such as calls nothing by name (see `check_saved_model`).
    """
    XlaCallModule
    """
    # Tables that look up words and ids.
    """
    HashTableV2 InitializeTableV2 LookupTableFindV2 LookupTableImportV2 LookupTableSizeV2
    """.split()
)

TENSORFLOW_ONLY = frozenset(
    # Below, what TFLite lacks. Training branches and gradients of honest models hold it, which
    # nothing calls here; where the model itself needs it, the export says in which layer.
    # Arithmetic.
    """
    AccumulateNV2 Acos Acosh Angle ApproximateEqual Asin Asinh Atan Atanh Betainc Bincount
    BitwiseAnd BitwiseOr Complex Conj Cosh Cross Cumprod CumulativeLogsumexp DenseBincount Digamma
    Erf Erfc Erfinv EuclideanNorm HistogramFixedWidth Igamma IgammaGradA Igammac Inv InvGrad Invert
    IsInf IsNan LeftShift Lgamma LinSpace Mod MulNoNan Ndtri NextAfter Polygamma PopulationCount
    ReciprocalGrad Rint Roll RsqrtGrad SegmentMax SegmentMaxV2 SegmentMean SegmentMin SegmentMinV2
    SegmentProd SegmentProdV2 SegmentSumV2 SigmoidGrad Sinh SobolSample SqrtGrad Tan TanhGrad
    TruncateDiv TruncateMod Xdivy Xlog1py Xlogy Zeta BesselI0 BesselI0e BesselI1 BesselI1e BesselJ0
    BesselJ1 BesselK0 BesselK0e BesselK1 BesselK1e BesselY0 BesselY1 Dawsn Expint FresnelCos
    FresnelSin Spence FFT FFT2D FFT3D FFTND IFFT IFFT2D IFFT3D IFFTND IRFFT IRFFT2D IRFFT3D IRFFTND
    RFFT3D RFFTND AudioMicrofrontend AudioSpectrogram Mfcc
    """
    # Linear algebra.
    """
    BandedTriangularSolve BatchCholesky BatchMatrixDeterminant BatchMatrixInverse BatchMatrixSolve
    BatchMatrixSolveLs BatchMatrixTriangularSolve BatchSelfAdjointEigV2 BatchSvd Cholesky
    CholeskyGrad Eig LogMatrixDeterminant Lu MatrixDeterminant MatrixExponential MatrixInverse
    MatrixLogarithm MatrixSolve MatrixSolveLs MatrixSquareRoot MatrixTriangularSolve Qr
    SelfAdjointEig SelfAdjointEigV2 Svd TridiagonalMatMul TridiagonalSolve
    """
    # Shapes and places of values.
    """
    BatchMatrixBandPart BatchMatrixDiag BatchMatrixDiagPart BatchMatrixSetDiag BatchToSpace Bitcast
    BroadcastGradientArgs CheckNumerics CheckNumericsV2 ConcatOffset ConjugateTranspose
    DataFormatDimMap DataFormatVecPermute Dequantize Diag DiagPart DynamicPartition DynamicStitch
    EditDistance ExtractImagePatches ExtractVolumePatches Fingerprint GuaranteeConst
    InvertPermutation ListDiff LowerBound MatrixBandPart MatrixDiagPart MatrixDiagPartV2
    MatrixDiagPartV3 MirrorPadGrad ParallelDynamicStitch Reverse ScatterNdNonAliasingAdd
    SpaceToBatch StridedSliceGrad TensorScatterMax TensorScatterMin TensorScatterSub
    TensorStridedSliceUpdate TileGrad UniqueV2 UniqueWithCounts UniqueWithCountsV2 UnravelIndex
    UpperBound
    """
    # Layers of networks, their gradients, losses.
    """
    ApproxTopK AvgPool3D AvgPool3DGrad AvgPoolGrad BatchNormWithGlobalNormalization
    BatchNormWithGlobalNormalizationGrad BiasAddGrad BiasAddV1 BlockLSTM BlockLSTMGrad
    BlockLSTMGradV2 BlockLSTMV2 CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss CTCLossV2 Conv
    Conv2DBackpropFilter Conv2DBackpropFilterV2 Conv2DBackpropInputV2 Conv3DBackpropFilter
    Conv3DBackpropFilterV2 Conv3DBackpropInput CudnnRNN CudnnRNNBackprop CudnnRNNBackpropV2
    CudnnRNNBackpropV3 CudnnRNNCanonicalToParams CudnnRNNCanonicalToParamsV2 CudnnRNNParamsSize
    CudnnRNNParamsToCanonical CudnnRNNParamsToCanonicalV2 CudnnRNNV2 CudnnRNNV3
    DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput Dilation2D
    Dilation2DBackpropFilter Dilation2DBackpropInput EluGrad FractionalAvgPool FractionalAvgPoolGrad
    FractionalMaxPool FractionalMaxPoolGrad FusedBatchNormGrad FusedBatchNormGradV2
    FusedBatchNormGradV3 FusedPadConv2D FusedResizeAndPadConv2D GRUBlockCell GRUBlockCellGrad InTopK
    InTopKV2 IsotonicRegression LRNGrad LSTMBlockCell LSTMBlockCellGrad LeakyReluGrad MaxPool3D
    MaxPool3DGrad MaxPool3DGradGrad MaxPoolGrad MaxPoolGradGrad MaxPoolGradGradV2
    MaxPoolGradGradWithArgmax MaxPoolGradV2 MaxPoolGradWithArgmax MaxPoolV2 MaxPoolWithArgmax
    NthElement Relu6Grad ReluGrad SeluGrad SoftmaxCrossEntropyWithLogits SoftplusGrad Softsign
    SoftsignGrad SparseSoftmaxCrossEntropyWithLogits TopK
    """
    # Fake and real quantization.
    """
    FakeQuantWithMinMaxArgsGradient FakeQuantWithMinMaxVarsGradient
    FakeQuantWithMinMaxVarsPerChannelGradient QuantizeAndDequantize QuantizeAndDequantizeV3
    QuantizeAndDequantizeV4 QuantizeAndDequantizeV4Grad QuantizeDownAndShrinkRange QuantizeV2
    QuantizedAdd QuantizedAvgPool QuantizedBiasAdd QuantizedConcat QuantizedConcatV2 QuantizedConv2D
    QuantizedMatMul QuantizedMaxPool QuantizedMul QuantizedRelu QuantizedRelu6 QuantizedReluX
    QuantizedReshape RequantizationRange Requantize UniformDequantize UniformQuantize
    UniformQuantizedAdd UniformQuantizedClipByValue UniformQuantizedConvolution
    UniformQuantizedConvolutionHybrid UniformQuantizedDot UniformQuantizedDotHybrid
    UniformRequantize
    """
    # Images, from pixels or from bytes that are passed in.
    """
    AdjustContrast AdjustContrastv2 AdjustHue AdjustSaturation CombinedNonMaxSuppression
    CropAndResize CropAndResizeGradBoxes CropAndResizeGradImage DecodeAndCropJpeg DecodeBmp
    DecodeGif DecodeImage DecodeJpeg DecodePng DecodeWav DrawBoundingBoxes DrawBoundingBoxesV2
    EncodeJpeg EncodeJpegVariableQuality EncodePng EncodeWav ExtractGlimpse ExtractGlimpseV2
    DecodeWebP ExtractJpegShape GenerateBoundingBoxProposals HSVToRGB ImageProjectiveTransformV2
    ImageProjectiveTransformV3 NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3
    NonMaxSuppressionWithOverlaps QuantizedResizeBilinear RGBToHSV RandomCrop ResizeArea
    ResizeBicubic ResizeBicubicGrad ResizeBilinearGrad ResizeNearestNeighborGrad
    SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 ScaleAndTranslate ScaleAndTranslateGrad
    StatelessSampleDistortedBoundingBox
    """
    # Random numbers: dropout, augmentation, sampled losses.
    """
    AllCandidateSampler ComputeAccidentalHits LearnedUnigramCandidateSampler
    LogUniformCandidateSampler Multinomial NonDeterministicInts ParameterizedTruncatedNormal
    RandomGamma RandomGammaGrad RandomIndexShuffle RandomPoisson RandomPoissonV2 RandomShuffle
    RandomStandardNormal RandomUniform RandomUniformInt RngReadAndSkip RngSkip
    StatefulRandomBinomial StatefulStandardNormal StatefulStandardNormalV2 StatefulTruncatedNormal
    StatefulUniform StatefulUniformFullInt StatefulUniformInt StatelessMultinomial
    StatelessParameterizedTruncatedNormal StatelessRandomBinomial StatelessRandomGammaV2
    StatelessRandomGammaV3 StatelessRandomGetAlg StatelessRandomGetKeyCounter
    StatelessRandomGetKeyCounterAlg StatelessRandomNormal StatelessRandomNormalV2
    StatelessRandomPoisson StatelessRandomUniform StatelessRandomUniformFullInt
    StatelessRandomUniformFullIntV2 StatelessRandomUniformInt StatelessRandomUniformIntV2
    StatelessRandomUniformV2 StatelessShuffle StatelessTruncatedNormal StatelessTruncatedNormalV2
    ThreadUnsafeUnigramCandidateSampler TruncatedNormal UniformCandidateSampler
    """
    # Text, and records that are passed in as bytes.
    """
    AsString DecodeBase64 DecodeCSV DecodeCompressed DecodeJSONExample DecodePaddedRaw DecodeRaw
    EncodeBase64 ParseExample ParseExampleV2 ParseSequenceExample ParseSequenceExampleV2
    ParseSingleExample ParseSingleSequenceExample ParseTensor ReduceJoin RegexFullMatch RegexReplace
    SerializeTensor StaticRegexFullMatch StaticRegexReplace StringFormat StringJoin StringLength
    StringLower StringNGrams StringSplit StringSplitV2 StringStrip StringToHashBucket
    StringToHashBucketFast StringToHashBucketStrong StringToNumber StringUpper Substr UnicodeDecode
    UnicodeDecodeWithOffsets UnicodeEncode UnicodeScript UnicodeTranscode UnsortedSegmentJoin
    """
    # Tensors with gaps or rows of many lengths, and sets.
    """
    DenseCountSparseOutput DenseToDenseSetOperation DenseToSparseSetOperation DeserializeManySparse
    DeserializeSparse RaggedBincount RaggedCountSparseOutput RaggedCross RaggedFillEmptyRows
    RaggedFillEmptyRowsGrad RaggedGather RaggedRange RaggedTensorFromVariant RaggedTensorToSparse
    RaggedTensorToTensor RaggedTensorToVariant RaggedTensorToVariantGradient SerializeManySparse
    SerializeSparse SetSize SparseAdd SparseAddGrad SparseBincount SparseConcat
    SparseCountSparseOutput SparseCross SparseCrossHashed SparseCrossV2 SparseDenseCwiseAdd
    SparseDenseCwiseDiv SparseDenseCwiseMul SparseFillEmptyRows SparseFillEmptyRowsGrad SparseMatMul
    SparseReduceMax SparseReduceMaxSparse SparseReduceSum SparseReduceSumSparse SparseReorder
    SparseReshape SparseSegmentMean SparseSegmentMeanGrad SparseSegmentMeanGradV2
    SparseSegmentMeanWithNumSegments SparseSegmentSqrtN SparseSegmentSqrtNGrad
    SparseSegmentSqrtNGradV2 SparseSegmentSqrtNWithNumSegments SparseSegmentSum SparseSegmentSumGrad
    SparseSegmentSumGradV2 SparseSegmentSumWithNumSegments SparseSlice SparseSliceGrad SparseSoftmax
    SparseSparseMaximum SparseSparseMinimum SparseSplit SparseTensorDenseAdd SparseTensorDenseMatMul
    SparseToSparseSetOperation
    """
    # Branches, loops, variables and lists as TensorFlow 1 wrote them; which device runs a function.
    """
    Assign AssignAdd AssignSub CountUpTo DeviceIndex DestroyTemporaryVariable Enter Exit FakeParam
    For IsVariableInitialized LoopCond Merge NextIteration RefEnter RefExit RefIdentity RefMerge
    RefNextIteration RefSelect RefSwitch ScatterAdd ScatterDiv ScatterMax ScatterMin ScatterMul
    ScatterNdAdd ScatterNdMax ScatterNdMin ScatterNdSub ScatterNdUpdate ScatterSub ScatterUpdate
    Stack StackClose StackCloseV2 StackPop StackPopV2 StackPush StackPushV2 StackV2
    StridedSliceAssign Switch TemporaryVariable TensorArray TensorArrayClose TensorArrayCloseV2
    TensorArrayCloseV3 TensorArrayConcat TensorArrayConcatV2 TensorArrayConcatV3 TensorArrayGather
    TensorArrayGatherV2 TensorArrayGatherV3 TensorArrayGrad TensorArrayGradV2 TensorArrayGradV3
    TensorArrayGradWithShape TensorArrayPack TensorArrayRead TensorArrayReadV2 TensorArrayReadV3
    TensorArrayScatter TensorArrayScatterV2 TensorArrayScatterV3 TensorArraySize TensorArraySizeV2
    TensorArraySizeV3 TensorArraySplit TensorArraySplitV2 TensorArraySplitV3 TensorArrayUnpack
    TensorArrayV2 TensorArrayV3 TensorArrayWrite TensorArrayWriteV2 TensorArrayWriteV3 ToBool
    Variable VariableV2
    """
    # Variables that change, lists and tables that grow.
    """
    AnonymousHashTable AnonymousMutableDenseHashTable AnonymousMutableHashTable
    AnonymousMutableHashTableOfTensors AssignAddVariableOp AssignSubVariableOp DestroyResourceOp
    DisableCopyOnRead HashTable InitializeTable LookupTableExport LookupTableExportV2
    LookupTableFind LookupTableImport LookupTableInsert LookupTableInsertV2 LookupTableRemoveV2
    LookupTableSize MutableDenseHashTable MutableDenseHashTableV2 MutableHashTable
    MutableHashTableOfTensors MutableHashTableOfTensorsV2 MutableHashTableV2 ResourceCountUpTo
    ResourceScatterAdd ResourceScatterDiv ResourceScatterMax ResourceScatterMin ResourceScatterMul
    ResourceScatterNdAdd ResourceScatterNdMax ResourceScatterNdMin ResourceScatterNdSub
    ResourceScatterNdUpdate ResourceScatterSub ResourceScatterUpdate ResourceStridedSliceAssign
    TensorListConcat TensorListConcatLists TensorListGather TensorListPushBackBatch
    TensorListScatter TensorListScatterIntoExistingList TensorListScatterV2 TensorListSplit
    """
    # Steps of optimizers, and summaries as bytes (their writers are files, and not here).
    """
    ApplyAdaMax ApplyAdadelta ApplyAdagrad ApplyAdagradDA ApplyAdagradV2 ApplyAdam ApplyAddSign
    ApplyCenteredRMSProp ApplyFtrl ApplyFtrlV2 ApplyGradientDescent ApplyMomentum ApplyPowerSign
    ApplyProximalAdagrad ApplyProximalGradientDescent ApplyRMSProp ResourceApplyAdaMax
    ResourceApplyAdadelta ResourceApplyAdagrad ResourceApplyAdagradDA ResourceApplyAdagradV2
    ResourceApplyAdam ResourceApplyAdamWithAmsgrad ResourceApplyAddSign ResourceApplyCenteredRMSProp
    ResourceApplyFtrl ResourceApplyFtrlV2 ResourceApplyGradientDescent ResourceApplyKerasMomentum
    ResourceApplyMomentum ResourceApplyPowerSign ResourceApplyProximalAdagrad
    ResourceApplyProximalGradientDescent ResourceApplyRMSProp ResourceSparseApplyAdadelta
    ResourceSparseApplyAdagrad ResourceSparseApplyAdagradDA ResourceSparseApplyAdagradV2
    ResourceSparseApplyCenteredRMSProp ResourceSparseApplyFtrl ResourceSparseApplyFtrlV2
    ResourceSparseApplyKerasMomentum ResourceSparseApplyMomentum ResourceSparseApplyProximalAdagrad
    ResourceSparseApplyProximalGradientDescent ResourceSparseApplyRMSProp SparseApplyAdadelta
    SparseApplyAdagrad SparseApplyAdagradDA SparseApplyAdagradV2 SparseApplyCenteredRMSProp
    SparseApplyFtrl SparseApplyFtrlV2 SparseApplyMomentum SparseApplyProximalAdagrad
    SparseApplyProximalGradientDescent SparseApplyRMSProp AudioSummary AudioSummaryV2
    HistogramSummary ImageSummary MergeSummary ScalarSummary TensorSummary TensorSummaryV2
    """.split()
)

SAVING = frozenset({"MergeV2Checkpoints", "SaveV2", "ShardedFilename"})
"""What every SavedModel keeps for saving itself again: allowed where nothing here calls it."""

READING = {"RestoreV2": 0, "InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1}
"""What reads a file, and which operand names it: allowed for files of the model's own folder."""
