/* Images as Pillow 8-bit resamples them: two passes, horizontal first, in fixed-point numbers of
 * 22 bits (its Resample.c), each pass rounded to bytes. See edgekit_core.h. */
#include "edgekit_core.h"

#include <math.h>

/* A fused multiply-add would round a coefficient otherwise than the host does. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

enum { PRECISION_BITS = 32 - 8 - 2 };

/* The way from one side's length to another: what an output pixel is made of. */
typedef struct {
  edgekit_resize method;
  int in;
  int out;
} side;

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

/* The sides before the crop, and where the crop begins. 0 where the image is none, or too large. */
static int plan(const edgekit_image_rules *rules, int height, int width, int channels, side *down,
                side *across, int *top, int *left) {
  int64_t tall = rules->height, wide = rules->width;
  if (height < 1 || width < 1 || (channels != 1 && channels != 3 && channels != 4)) return 0;
  if (rules->shorter > 0) {
    const int shorter = height < width ? height : width;
    tall = (int64_t)height * rules->shorter / shorter;
    wide = (int64_t)width * rules->shorter / shorter;
  }
  if (tall > INT32_MAX || wide > INT32_MAX) return 0;
  down->method = across->method = rules->resize;
  down->in = height;
  down->out = (int)tall;
  across->in = width;
  across->out = (int)wide;
  *top = (down->out - rules->height) / 2;
  *left = (across->out - rules->width) / 2;
  return 1;
}

size_t edgekit_image_workspace(const edgekit_image_rules *rules, int height, int width,
                               int channels) {
  side down, across;
  int top, left;
  double numbers, bytes;
  if (!plan(rules, height, width, channels, &down, &across, &top, &left)) return 0;
  numbers = fmax(num_coefficients(&down), num_coefficients(&across));
  bytes = numbers * 4.0 + (double)height * rules->width * (channels == 1 ? 1 : 3);
  return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : 0;
}

edgekit_status edgekit_image(const edgekit_image_rules *rules, const edgekit_tensor *tensor,
                             const uint8_t *pixels, int height, int width, int channels,
                             void *workspace, size_t workspace_bytes, void *stored) {
  const size_t needed = edgekit_image_workspace(rules, height, width, channels);
  const size_t planes = channels == 1 ? 1 : 3, made = rules->channels == EDGEKIT_GRAY ? 1 : 3;
  const size_t row = (size_t)rules->width * planes;
  int32_t *const k = (int32_t *)workspace;
  uint8_t *between;
  side down, across;
  double nearest;
  size_t c, index = 0;
  int top, left, x, y, first = 0, count;
  if (needed == 0 || !plan(rules, height, width, channels, &down, &across, &top, &left) ||
      tensor->count != (size_t)rules->height * (size_t)rules->width * made) {
    return EDGEKIT_BAD_ARGUMENT;
  }
  if (workspace_bytes < needed) return EDGEKIT_SMALL_WORKSPACE;
  if ((uintptr_t)workspace % sizeof(int32_t) != 0) return EDGEKIT_BAD_ARGUMENT;
  between = (uint8_t *)workspace + (needed - (size_t)height * row);

  nearest = (double)across.in / across.out * 0.5;
  for (x = 0; x < left; x++) nearest += (double)across.in / across.out;
  for (x = 0; x < rules->width; x++) {
    count = coefficients(&across, left + x, &nearest, k, &first);
    for (y = 0; y < height; y++) {
      const uint8_t *from = pixels + ((size_t)y * (size_t)width + (size_t)first) * (size_t)channels;
      uint8_t *to = between + (size_t)y * row + (size_t)x * planes;
      for (c = 0; c < planes; c++) to[c] = blend(from + c, (size_t)channels, k, count);
    }
  }

  nearest = (double)down.in / down.out * 0.5;
  for (y = 0; y < top; y++) nearest += (double)down.in / down.out;
  for (y = 0; y < rules->height; y++) {
    count = coefficients(&down, top + y, &nearest, k, &first);
    for (x = 0; x < rules->width; x++) {
      const uint8_t *from = between + (size_t)first * row + (size_t)x * planes;
      uint8_t rgb[3];
      for (c = 0; c < planes; c++) rgb[c] = blend(from + c, row, k, count);
      if (planes == 1) {
        rgb[1] = rgb[2] = rgb[0];
      } else if (made == 1) { /* ITU-R 601 */
        rgb[0] = (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
      }
      for (c = 0; c < made; c++) {
        const uint8_t byte = rgb[rules->channels == EDGEKIT_BGR ? 2 - c : c];
        const float mean = rules->scaling.mean[rules->scaling.num_mean == 1 ? 0 : c];
        const float std = rules->scaling.std[rules->scaling.num_std == 1 ? 0 : c];
        const float centred = (float)byte - mean;
        const edgekit_status status =
            edgekit_store(tensor, stored, index++, (double)(centred / std));
        if (status != EDGEKIT_OK) return status;
      }
    }
  }
  return EDGEKIT_OK;
}
