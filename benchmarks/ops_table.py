"""Calls of `keras.ops`, one a line, for `coverage_ops`: `x` and `y` are a model's inputs.

What Keras itself cannot run within a model is not here: `isin`, `kron`, `nanmedian` and its like
fail inside tf.function, files with `digitize` or `adaptive_max_pool` do not load again, `unique`
and `nonzero` have results of no known size.
"""

from __future__ import annotations

# Any numbers, (4, 6) a sample; y likewise.
REAL = """
abs(x)
add(x, y)
all(x, axis=-1)
amax(x, axis=-1)
angle(x)
any(x, axis=-1)
append(x, y, axis=1)
arcsinh(x)
arctan(x)
arctan2(x, y)
argmax(x, axis=-1)
argmin(x, axis=1)
argsort(x, axis=-1)
array_split(x, 4, axis=-1)[1]
average(x, axis=-1)
broadcast_to(x[:, None], (1, 3, 4, 6))
cast(x, "int32")
cbrt(x)
cdist(x, y)
ceil(x)
celu(x)
clip(x, -1, 1)
concatenate([x, y], axis=-1)
cos(x)
cosh(x)
count_nonzero(x, axis=-1)
cross(x[..., :3], y[..., :3])
cumprod(x, axis=-1)
cumsum(x, axis=-1)
deg2rad(x)
diagonal(x, axis1=1, axis2=2)
diff(x, axis=-1)
divide(x, y)
divide_no_nan(x, y)
dot_product_attention(x[:, :, None], y[:, :, None], y[:, :, None])
dstack([x, y])
einsum("bij,bkj->bik", x, y)
elu(x)
equal(x, y)
erf(x)
erfc(x)
exp(x)
exp2(x)
expand_dims(x, 1)
expm1(x)
flip(x, axis=-1)
floor(x)
floor_divide(x, y)
fmax(x, y)
fmod(x, y)
full_like(x, 3.0)
gelu(x, approximate=False)
glu(x)
greater(x, y)
hard_shrink(x)
hard_sigmoid(x)
hard_tanh(x)
heaviside(x, y)
hypot(x, y)
i0(x)
isclose(x, y)
isfinite(x)
isnan(x)
leaky_relu(x)
linspace(x, y, 3, axis=-1)
log_sigmoid(x)
log_softmax(x)
logaddexp(x, y)
logical_and(x > 0, y > 0)
logsumexp(x, axis=-1)
matmul(x, transpose(y, (0, 2, 1)))
max(x, axis=-1)
maximum(x, y)
mean(x, axis=-1)
median(x, axis=-1)
minimum(x, y)
mod(x, y)
moments(x, axes=[1])[1]
moveaxis(x, 1, 2)
multiply(x, y)
nan_to_num(x)
nanargmax(x, axis=-1)
nancumprod(x, axis=-1)
nansum(x, axis=-1)
negative(x)
norm(x, axis=-1)
normalize(x, axis=-1)
not_equal(x, y)
ones_like(x)
pad(x, ((0, 0), (1, 1), (2, 0)))
prod(x, axis=-1)
ptp(x, axis=-1)
quantile(x, 0.3, axis=-1)
expand_dims(ravel(x), 0)
relu(x)
relu6(x)
repeat(x, 2, axis=1)
reshape(x, (-1, 24))
rms_normalization(x)
roll(x, 2, axis=-1)
rot90(x, axes=(1, 2))
round(x)
saturate_cast(x * 100, "int8")
select([x > 1, x > 0], [x, y], 0.0)
selu(x)
sigmoid(x)
sign(x)
signbit(x)
silu(x)
sin(x)
sinc(x)
sinh(x)
slice(x, (0, 1, 1), (1, 2, 3))
slice_update(x, (0, 1, 1), ones((1, 2, 2)))
soft_shrink(x)
softmax(x)
softplus(x)
softsign(x)
sort(x, axis=-1)
sparsemax(x)
split(x, 2, axis=-1)[1]
square(x)
squareplus(x)
squeeze(expand_dims(x, 1), 1)
stack([x, y], axis=1)
std(x, axis=-1)
subtract(x, y)
sum(x, axis=-1)
swapaxes(x, 1, 2)
take(x, [2, 0], axis=-1)
take_along_axis(x, argsort(x, axis=-1), axis=-1)
tan(x)
tanh(x)
tanh_shrink(x)
tensordot(x, y, axes=[[2], [2]])
threshold(x, 0.5, 0.1)
tile(x, (1, 2, 1))
top_k(x, 3)[0]
trace(x, axis1=1, axis2=2)
transpose(x, (0, 2, 1))
trapezoid(x, axis=-1)
tril(x)
trunc(x)
unstack(x, axis=1)[2]
var(x, axis=-1)
view_as_real(polar(x, y))
where(x > y, x, y)
zeros_like(x)
"""

# Above zero, between -1 and 1, above one.
POSITIVE = """
log(x)
log10(x)
log1p(x)
log2(x)
power(x, y)
reciprocal(x)
rsqrt(x)
sqrt(x)
"""
UNIT = """
arccos(x)
arcsin(x)
arctanh(x)
erfinv(x)
"""
ABOVE_ONE = """
arccosh(x)
"""

# From 0 to 7, (4, 6) a sample; and as ids below 6, (5,) a sample.
INTEGERS = """
bitwise_and(x, y)
bitwise_left_shift(x, y)
bitwise_not(x)
bitwise_or(x, y)
bitwise_right_shift(x, y)
bitwise_xor(x, y)
gcd(x, y)
lcm(x, y)
"""
IDS = """
bincount(x, minlength=6)
multi_hot(x, 6)
one_hot(x, 6)
"""

# (12, 12, 3) and (6, 6, 6, 2) a sample.
IMAGES = """
average_pool(x, 3, 2, "same")
depth_to_space(concatenate([x, x, x, x], -1), 2)
image.affine_transform(x, convert_to_tensor([[1, 0.1, 1, -0.1, 1, 0, 0, 0]], "float32"))
image.crop_images(x, 1, 1, target_height=8, target_width=8)
image.extract_patches(x, 4)
image.gaussian_blur(x)
image.hsv_to_rgb(x)
image.pad_images(x, 1, 1, target_height=16, target_width=16)
image.resize(x, (17, 9))
image.resize(x, (7, 9), antialias=True)
image.resize(x, (17, 9), "bicubic")
image.resize(x, (7, 9), "lanczos3")
image.rgb_to_grayscale(x)
image.rgb_to_hsv(x)
image.sobel_edges(x)
max_pool(x, 2)
space_to_depth(x, 2)
unfold(transpose(x, (0, 3, 1, 2)), 2)
"""
VOLUMES = """
average_pool(x, 3, 2, "same")
image.extract_patches_3d(x, 2)
max_pool(x, 3, 2, "same")
"""

# 64 values a sample.
SIGNALS = """
extract_sequences(x, 16, 8)
fft((x, y))[0]
fft2((reshape(x, (-1, 8, 8)), reshape(y, (-1, 8, 8))))[1]
ifft2((reshape(x, (-1, 8, 8)), reshape(y, (-1, 8, 8))))[0]
irfft((x[:, :33], y[:, :33]))
istft(stft(x, 16, 8, 16), 16, 8, 16)
rfft(x)[0]
rfft(x, 20)[1]
stft(x, 20, 8, 24)[0]
"""

# (4, 4) a sample, far from singular; and symmetric with positive eigenvalues.
MATRICES = """
det(x)
inv(x)
pinv(x)
qr(x)[1]
slogdet(x)[1]
solve(x, y)
svd(x)[1]
"""
DEFINITE = """
cholesky(x)
cholesky_inverse(x)
eigh(x)[0]
logdet(x)
solve_triangular(x, y, lower=True)
"""
