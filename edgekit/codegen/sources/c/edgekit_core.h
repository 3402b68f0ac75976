/* What every bundle for C carries: raw data to a model's inputs, its outputs to real values, and
 * the self-test, with the arithmetic of the host.
 *
 * C99, and C++ from C++11. No memory is allocated, nothing is kept between calls, nothing is
 * printed. It needs the standard headers and a little of libm (rint, rintf, ceil), IEEE floats and
 * a little-endian machine. With GCC or clang, bits are the host's at every level of optimization
 * but -ffast-math.
 */
#ifndef EDGEKIT_CORE_H
#define EDGEKIT_CORE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "Bundles are little-endian, as TFLite files are."
#endif
#endif

/* TFLite wants a model at an address that 16 divides. */
#if defined(__cplusplus)
#define EDGEKIT_ALIGNED alignas(16)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define EDGEKIT_ALIGNED _Alignas(16)
#elif defined(__GNUC__)
#define EDGEKIT_ALIGNED __attribute__((aligned(16)))
#else
#error "Say how this compiler aligns an array to 16 bytes."
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What came of a call. Nothing but EDGEKIT_OK leaves a result that can be used. */
typedef enum {
  EDGEKIT_OK = 0,
  EDGEKIT_BAD_ARGUMENT,    /* sizes that are no image, sound or text; or do not fit the input */
  EDGEKIT_SMALL_WORKSPACE, /* fewer bytes than the function says that it needs */
  EDGEKIT_NOT_FINITE,      /* NaN or infinity for a quantized input */
  EDGEKIT_NOT_WHOLE,       /* an integer input without a scale takes whole numbers of its range */
  EDGEKIT_BAD_TEXT,        /* not UTF-8 */
  EDGEKIT_RUN_FAILED,      /* the run function of the self-test said so */
  EDGEKIT_OTHER_MODEL,     /* self-test: the model's bytes are not those of the contract */
  EDGEKIT_OTHER_LABELS,    /* self-test: the labels are not the host's */
  EDGEKIT_OTHER_INPUT      /* self-test: raw data is not prepared as on the host */
} edgekit_status;

typedef enum {
  EDGEKIT_FLOAT32,
  EDGEKIT_FLOAT64,
  EDGEKIT_FLOAT16,
  EDGEKIT_INT8,
  EDGEKIT_UINT8,
  EDGEKIT_INT16,
  EDGEKIT_UINT16,
  EDGEKIT_INT32,
  EDGEKIT_UINT32,
  EDGEKIT_INT64,
  EDGEKIT_UINT64,
  EDGEKIT_BOOL
} edgekit_dtype;

/* How far columns `start` to, not included, `stop` of an output's last axis may be off. */
typedef struct {
  size_t start;
  size_t stop;
  double tolerance;
  double rms_tolerance;
} edgekit_columns;

/* One input or output as a variant stores it. `index` is its place among the file's own inputs or
 * outputs, as in `interpreter.input(index)`; `shape` has the batch of 1. Where `quantized`,
 * real = scale * (stored - zero_point). `golden_offset` is where it begins in a golden sample. The
 * tolerances say how far other kernels than the host's may be off, in real units: any value, and
 * the root mean square of all; of `columns`, where there are any, each has its own. Of its decisions
 * `least_agreement` are the host's, below 0 for what decides nothing: on which side of `threshold` a
 * value lies, or where that is NaN, which value along the last axis is largest. */
typedef struct {
  const char *name;
  int index;
  edgekit_dtype dtype;
  int rank;
  const int32_t *shape;
  size_t count;     /* of values */
  size_t num_bytes; /* of the stored tensor */
  int quantized;
  float scale;
  int64_t zero_point;
  size_t golden_offset;
  double tolerance;
  double rms_tolerance;
  double least_agreement;
  double threshold;
  int num_columns;
  const edgekit_columns *columns;
} edgekit_tensor;

/* Raw data for input number `input`: `num_bytes` at `offset` of the golden bytes, pixels of shape
 * height, width, 3; mono sound or numbers, float32; or text. Prepared and stored, every `stride`-th
 * value has the bits of those at `expected_offset`. */
typedef struct {
  int input;
  int32_t shape[3];
  size_t offset;
  size_t num_bytes;
  size_t stride;
  size_t expected_offset;
  size_t expected_bytes;
} edgekit_raw;

/* The host's labels of output number `output`: each with a zero behind it. */
typedef struct {
  int output;
  size_t offset;
  size_t num_bytes;
} edgekit_golden_labels;

/* One `.tflite` and its golden bytes: `num_samples` records of `sample_bytes` bytes, then what
 * `raws` and `labels` speak of. `sha256` is the contract's, of the model. */
typedef struct {
  const char *variant;
  const char *sha256;
  const unsigned char *data;
  size_t size;
  int num_inputs;
  const edgekit_tensor *inputs;
  int num_outputs;
  const edgekit_tensor *outputs;
  const unsigned char *golden;
  int num_samples;
  size_t sample_bytes;
  int num_raws;
  const edgekit_raw *raws;
  int num_labels;
  const edgekit_golden_labels *labels;
} edgekit_model;

/* (value - mean) / std: one of each, or one for each channel or column. */
typedef struct {
  int num_mean;
  const float *mean;
  int num_std;
  const float *std;
} edgekit_scaling;

/* Pillow's, or that of Keras' loaders: tf.image.resize without antialiasing, not rounded. */
typedef enum {
  EDGEKIT_NEAREST,
  EDGEKIT_BILINEAR,
  EDGEKIT_BICUBIC,
  EDGEKIT_KERAS_BILINEAR
} edgekit_resize;
typedef enum { EDGEKIT_RGB, EDGEKIT_BGR, EDGEKIT_GRAY } edgekit_channels;

/* `shorter` is what the shorter side becomes before the centre is cut out; 0: the image is
 * stretched to height and width. */
typedef struct {
  int height;
  int width;
  edgekit_resize resize;
  int shorter;
  edgekit_channels channels;
  edgekit_scaling scaling;
} edgekit_image_rules;

typedef struct {
  int window; /* samples */
  edgekit_scaling scaling;
} edgekit_audio_rules;

/* UTF-8, which may hold zeros: so its size is told. */
typedef struct {
  const char *text;
  size_t size;
} edgekit_string;

typedef struct {
  int num_entries;
  const edgekit_string *vocabulary;
  int32_t unknown;
  size_t length; /* of the input, in ids */
} edgekit_text_rules;

/* An English sentence. */
const char *edgekit_status_text(edgekit_status status);

/* Real value `index` of a tensor, to be stored: `clamp(rint(value / scale) + zero_point)` where it
 * is quantized, halves to even. */
edgekit_status edgekit_store(const edgekit_tensor *tensor, void *stored, size_t index,
                             double value);

/* All of `tensor->count` real values. */
edgekit_status edgekit_store_all(const edgekit_tensor *tensor, void *stored, const float *values);

/* Real value `index` of a stored tensor; a float32 where it is quantized. */
double edgekit_real(const edgekit_tensor *tensor, const void *stored, size_t index);

/* All of them, as float32. */
void edgekit_real_all(const edgekit_tensor *tensor, const void *stored, float *values);

/* How many bytes edgekit_image needs for an image of this size; 0 where it cannot take it. */
size_t edgekit_image_workspace(const edgekit_image_rules *rules, int height, int width,
                               int channels);

/* An image to a stored input.
 *
 * pixels: height * width * channels bytes, rows from the top; channels 1 (gray), 3 (RGB) or 4
 *     (RGBA, of which A is dropped).
 * workspace: at an address that 4 divides.
 * stored: tensor->num_bytes bytes.
 *
 * It is resized with Pillow's 8-bit antialiased arithmetic or as Keras does it, cropped, ordered
 * and scaled. */
edgekit_status edgekit_image(const edgekit_image_rules *rules, const edgekit_tensor *tensor,
                             const uint8_t *pixels, int height, int width, int channels,
                             void *workspace, size_t workspace_bytes, void *stored);

/* Sound to a stored input: `frames` times `channels` values, channels interleaved. Integers are
 * divided by half their range, channels averaged, the end is cut or filled with zeros. */
edgekit_status edgekit_audio(const edgekit_audio_rules *rules, const edgekit_tensor *tensor,
                             const void *samples, edgekit_dtype dtype, size_t frames, int channels,
                             void *stored);

/* A row of `tensor->count` numbers to a stored input. */
edgekit_status edgekit_tabular(const edgekit_scaling *scaling, const edgekit_tensor *tensor,
                               const float *values, void *stored);

/* `size` bytes of UTF-8 to the ids of a stored input: by character where the vocabulary holds
 * single ones (and special entries like [UNK]), by word between blanks otherwise. */
edgekit_status edgekit_text(const edgekit_text_rules *rules, const edgekit_tensor *tensor,
                            const char *text, size_t size, void *stored);

/* Indices of the k largest of `count` values, largest first, of equal ones the lower index first,
 * NaN last. Returns how many: k, or `count` where that is less. */
int edgekit_top_k(const float *values, int count, int k, int *indices);

/* Runs the model once: copies the stored inputs (in the contract's order) into its tensors, runs
 * it from a fresh state, and copies its outputs out. Other than 0 means that it failed. */
typedef int (*edgekit_run)(void *context, const edgekit_model *model,
                           const unsigned char *const *inputs, unsigned char *const *outputs);

/* How far one output is from the host's over all samples, in real units, and how far it may be;
 * see edgekit_tensor. `exact`: every bit is the same. Where its columns have tolerances of their own,
 * these are the numbers of columns `start` to, not included, `stop`, which come nearest to theirs;
 * otherwise both are 0. */
typedef struct {
  const char *name;
  double worst;
  double tolerance;
  double rms;
  double rms_tolerance;
  double agreement;
  double least_agreement;
  int exact;
  int passed;
  size_t start;
  size_t stop;
} edgekit_check;

/* What a bundle's own code does, for the self-test to look at. `prepare` makes raw data a stored
 * input, in a workspace of as many bytes as `workspace` says; both are NULL where no input is
 * prepared. `labels` has the labels of each output, NULL where it has none; itself NULL without. */
typedef struct {
  edgekit_status (*prepare)(const edgekit_model *model, const edgekit_raw *raw, const void *data,
                            void *workspace, size_t workspace_bytes, void *stored);
  size_t (*workspace)(const edgekit_raw *raw);
  const char *const *const *labels;
} edgekit_code;

enum { EDGEKIT_MAX_TENSORS = 32 }; /* inputs, or outputs, of a model in the self-test */

/* How many bytes of workspace the self-test needs: all outputs of one sample with two sums for each
 * group of columns, or what it takes to prepare an input. */
size_t edgekit_self_test_workspace(const edgekit_model *model, const edgekit_code *code);

/* Looks at the model's bytes, at labels and preprocessing, then replays the golden samples and
 * fills one check for each output. EDGEKIT_OK says that all ran; whether the outputs are right is
 * in the checks. */
edgekit_status edgekit_self_test(const edgekit_model *model, const edgekit_code *code,
                                 edgekit_run run, void *context, void *workspace,
                                 size_t workspace_bytes, edgekit_check *checks);

#ifdef __cplusplus
}
#endif
#endif
