/* Images as Pillow resamples 8-bit ones: two passes in fixed-point numbers of 22 bits (its
 * Resample.c), each rounded to bytes; and as TensorFlow does it for Keras (its
 * resize_bilinear_op.cc): one pass in 32-bit floats. See edgekit_core.h. */
#include "edgekit_core.h"

#include <math.h>

/* A fused multiply-add would round a coefficient otherwise than the host does. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

enum { PRECISION_BITS = 32 - 8 - 2 };

/* The way from one side's length to another, of which `cut` pixels from `begin` on are kept. */
typedef struct {
  edgekit_resize method;
  int in;
  int out;
  int begin;
  int cut;
} side;

/* An image: rows, columns and, of both, which pass comes first. */
typedef struct {
  side down;
  side across;
  int down_first;
} plan;

static double radius(edgekit_resize method) { return method == EDGEKIT_BICUBIC ? 2.0 : 1.0; }

static double weight(edgekit_resize method, double x) {
  const double a = -0.5;
  if (x < 0.0) x = -x;
  if (method == EDGEKIT_BILINEAR) return x < 1.0 ? 1.0 - x : 0.0;
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

/* How many coefficients a pixel takes at most. */
static double num_coefficients(const side *s) {
  const double scale = (double)s->in / s->out;
  if (s->method == EDGEKIT_NEAREST || s->in == s->out) return 1.0;
  return ceil(radius(s->method) * (scale < 1.0 ? 1.0 : scale)) * 2.0 + 1.0;
}

/* The coefficients of pixel `at`, and how many; `first` is the input pixel of the first one. For
 * the nearest one none are needed: 0, where it is outside. `nearest` moves on with each call. */
static int coefficients(const side *s, int at, double *nearest, int32_t *k, int *first) {
  const double scale = (double)s->in / s->out;
  const double stretch = scale < 1.0 ? 1.0 : scale;
  const double support = radius(s->method) * stretch, step = 1.0 / stretch;
  const double center = (at + 0.5) * scale;
  double sum = 0.0;
  int x, begin, end;
  k[0] = (int32_t)1 << PRECISION_BITS;
  if (s->in == s->out) {
    *first = at;
    return 1;
  }
  if (s->method == EDGEKIT_NEAREST) {
    /* Pillow adds the scale up pixel by pixel, and so must we: the sums are rounded. */
    *first = (int)*nearest;
    *nearest += scale;
    return *first < s->in;
  }
  begin = (int)(center - support + 0.5);
  end = (int)(center + support + 0.5);
  if (begin < 0) begin = 0;
  if (end > s->in) end = s->in;
  for (x = begin; x < end; x++) sum += weight(s->method, (x - center + 0.5) * step);
  for (x = begin; x < end; x++) {
    double part = weight(s->method, (x - center + 0.5) * step);
    if (sum != 0.0) part /= sum;
    part *= (double)((int32_t)1 << PRECISION_BITS);
    k[x - begin] = (int32_t)(part < 0.0 ? part - 0.5 : part + 0.5);
  }
  *first = begin;
  return end - begin;
}

/* The weighted sum of `count` bytes that lie `stride` apart. */
static uint8_t blend(const uint8_t *from, size_t stride, const int32_t *k, int count) {
  int32_t sum = (int32_t)1 << (PRECISION_BITS - 1);
  int i;
  if (count == 0) return 0;
  for (i = 0; i < count; i++) sum += (int32_t)from[(size_t)i * stride] * k[i];
  if (sum < 0) return 0;
  sum >>= PRECISION_BITS;
  return (uint8_t)(sum > 255 ? 255 : sum);
}

/* 0 where the image is none, or too large. */
static int make_plan(const edgekit_image_rules *rules, int height, int width, int channels,
                     plan *made) {
  int64_t tall = rules->height, wide = rules->width;
  if (height < 1 || width < 1 || (channels != 1 && channels != 3 && channels != 4)) return 0;
  if (rules->shorter > 0) {
    const int shorter = height < width ? height : width;
    tall = (int64_t)height * rules->shorter / shorter;
    wide = (int64_t)width * rules->shorter / shorter;
  }
  if (tall > INT32_MAX || wide > INT32_MAX) return 0;
  made->down.method = made->across.method = rules->resize;
  made->down.in = height;
  made->down.out = (int)tall;
  made->down.begin = (int)(tall - rules->height) / 2;
  made->down.cut = rules->height;
  made->across.in = width;
  made->across.out = (int)wide;
  made->across.begin = (int)(wide - rules->width) / 2;
  made->across.cut = rules->width;
  /* The order shows in the last bit. Pillow, from its version 13 on, begins with the columns where
   * that leaves less to do. */
  made->down_first = tall < height && height - tall > 2 * (width - wide);
  return 1;
}

size_t edgekit_image_workspace(const edgekit_image_rules *rules, int height, int width,
                               int channels) {
  plan made;
  double numbers, pixels;
  if (!make_plan(rules, height, width, channels, &made)) return 0;
  if (rules->resize == EDGEKIT_KERAS_BILINEAR) return sizeof(int32_t); /* it needs none */
  numbers = fmax(num_coefficients(&made.down), num_coefficients(&made.across));
  pixels = made.down_first ? (double)made.down.cut * width : (double)height * made.across.cut;
  pixels = numbers * 4.0 + pixels * (channels == 1 ? 1 : 3);
  return pixels < (double)(SIZE_MAX / 2) ? (size_t)pixels : 0;
}

/* Where the first pixel of a side's sum begins before its pass: for the nearest one. */
static double before(const side *s) {
  double at = (double)s->in / s->out * 0.5;
  int i;
  for (i = 0; i < s->begin; i++) at += (double)s->in / s->out;
  return at;
}

static uint8_t gray(const uint8_t *rgb) { /* ITU-R 601 */
  return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

/* One value of a pixel, scaled and stored. */
static edgekit_status put(const edgekit_scaling *scaling, const edgekit_tensor *tensor, float value,
                          size_t channel, void *stored, size_t index) {
  const float centred = value - scaling->mean[scaling->num_mean == 1 ? 0 : channel];
  const float result = centred / scaling->std[scaling->num_std == 1 ? 0 : channel];
  return edgekit_store(tensor, stored, index, (double)result);
}

/* One pixel in the input's order of channels, scaled and stored as pixel `index`. */
static edgekit_status emit(const edgekit_image_rules *rules, const edgekit_tensor *tensor,
                           uint8_t *rgb, size_t planes, void *stored, size_t index) {
  const size_t made = rules->channels == EDGEKIT_GRAY ? 1 : 3;
  size_t c;
  if (planes == 1) {
    rgb[1] = rgb[2] = rgb[0];
  } else if (made == 1) {
    rgb[0] = gray(rgb);
  }
  for (c = 0; c < made; c++) {
    const float value = (float)rgb[rules->channels == EDGEKIT_BGR ? 2 - c : c];
    const edgekit_status status =
        put(&rules->scaling, tensor, value, c, stored, index * made + c);
    if (status != EDGEKIT_OK) return status;
  }
  return EDGEKIT_OK;
}

/* The old pixels beside new pixel `at` of a side, and how far the second one counts. */
static float neighbours(const side *s, int at, int *first, int *second) {
  const float scale = (float)s->in / (float)s->out;
  const float place = ((float)(s->begin + at) + 0.5f) * scale - 0.5f;
  const float before = floorf(place);
  *first = before < 0.0f ? 0 : (int)before;
  *second = (int)ceilf(place);
  if (*second > s->in - 1) *second = s->in - 1;
  return place - before;
}

/* Channel `c` of an image's pixel, in the input's order: Keras decodes a file to gray, or to RGB,
 * before it resizes. */
static float channel_of(const edgekit_image_rules *rules, const uint8_t *pixel, int channels,
                        size_t c) {
  if (channels == 1) return (float)pixel[0];
  if (rules->channels == EDGEKIT_GRAY) return (float)gray(pixel);
  return (float)pixel[rules->channels == EDGEKIT_BGR ? 2 - c : c];
}

static edgekit_status as_keras(const edgekit_image_rules *rules, const edgekit_tensor *tensor,
                               const uint8_t *pixels, int channels, const plan *way, void *stored) {
  const size_t made = rules->channels == EDGEKIT_GRAY ? 1 : 3;
  const size_t row = (size_t)way->across.in * (size_t)channels;
  size_t index = 0, c;
  int x, y, up, low, left, right;
  for (y = 0; y < way->down.cut; y++) {
    const float down = neighbours(&way->down, y, &up, &low);
    for (x = 0; x < way->across.cut; x++) {
      const float across = neighbours(&way->across, x, &left, &right);
      const uint8_t *above = pixels + (size_t)up * row, *below = pixels + (size_t)low * row;
      const size_t l = (size_t)left * (size_t)channels, r = (size_t)right * (size_t)channels;
      for (c = 0; c < made; c++, index++) {
        const float top_left = channel_of(rules, above + l, channels, c);
        const float top_right = channel_of(rules, above + r, channels, c);
        const float bottom_left = channel_of(rules, below + l, channels, c);
        const float bottom_right = channel_of(rules, below + r, channels, c);
        const float top = top_left + (top_right - top_left) * across;
        const float bottom = bottom_left + (bottom_right - bottom_left) * across;
        const edgekit_status status =
            put(&rules->scaling, tensor, top + (bottom - top) * down, c, stored, index);
        if (status != EDGEKIT_OK) return status;
      }
    }
  }
  return EDGEKIT_OK;
}

edgekit_status edgekit_image(const edgekit_image_rules *rules, const edgekit_tensor *tensor,
                             const uint8_t *pixels, int height, int width, int channels,
                             void *workspace, size_t workspace_bytes, void *stored) {
  const size_t needed = edgekit_image_workspace(rules, height, width, channels);
  const size_t planes = channels == 1 ? 1 : 3, made = rules->channels == EDGEKIT_GRAY ? 1 : 3;
  int32_t *const k = (int32_t *)workspace;
  uint8_t *between;
  plan way;
  const side *one, *two;
  size_t c, along, beside, one_step, two_step;
  double nearest;
  int i, j, others, first = 0, count;
  if (needed == 0 || !make_plan(rules, height, width, channels, &way) ||
      tensor->count != (size_t)rules->height * (size_t)rules->width * made) {
    return EDGEKIT_BAD_ARGUMENT;
  }
  if (workspace_bytes < needed) return EDGEKIT_SMALL_WORKSPACE;
  if ((uintptr_t)workspace % sizeof(int32_t) != 0) return EDGEKIT_BAD_ARGUMENT;
  if (rules->resize == EDGEKIT_KERAS_BILINEAR) {
    return as_keras(rules, tensor, pixels, channels, &way, stored);
  }

  /* The first pass runs `along` one side for each of the `others` beside it; what it makes lies
   * between the passes in rows again. */
  one = way.down_first ? &way.down : &way.across;
  two = way.down_first ? &way.across : &way.down;
  others = two->in;
  along = way.down_first ? (size_t)width * (size_t)channels : (size_t)channels;
  beside = way.down_first ? (size_t)channels : (size_t)width * (size_t)channels;
  one_step = way.down_first ? (size_t)width * planes : planes;
  two_step = way.down_first ? planes : (size_t)one->cut * planes;
  between = (uint8_t *)workspace + (needed - (size_t)one->cut * (size_t)others * planes);

  nearest = before(one);
  for (i = 0; i < one->cut; i++) {
    count = coefficients(one, one->begin + i, &nearest, k, &first);
    for (j = 0; j < others; j++) {
      const uint8_t *from = pixels + (size_t)first * along + (size_t)j * beside;
      uint8_t *to = between + (size_t)i * one_step + (size_t)j * two_step;
      for (c = 0; c < planes; c++) to[c] = blend(from + c, along, k, count);
    }
  }

  nearest = before(two);
  for (i = 0; i < two->cut; i++) {
    count = coefficients(two, two->begin + i, &nearest, k, &first);
    for (j = 0; j < one->cut; j++) {
      const uint8_t *from = between + (size_t)first * two_step + (size_t)j * one_step;
      const int y = way.down_first ? j : i, x = way.down_first ? i : j;
      uint8_t rgb[3];
      edgekit_status status;
      for (c = 0; c < planes; c++) rgb[c] = blend(from + c, two_step, k, count);
      status = emit(rules, tensor, rgb, planes, stored,
                    (size_t)y * (size_t)rules->width + (size_t)x);
      if (status != EDGEKIT_OK) return status;
    }
  }
  return EDGEKIT_OK;
}
