/* Stored and real values, sound, tables and top-k. See edgekit_core.h. */
#include "edgekit_core.h"

#include <math.h>
#include <string.h>

const char *edgekit_status_text(edgekit_status status) {
  switch (status) {
    case EDGEKIT_OK: return "It worked.";
    case EDGEKIT_BAD_ARGUMENT: return "A sample has a size or type that the input does not take.";
    case EDGEKIT_SMALL_WORKSPACE: return "The workspace is too small.";
    case EDGEKIT_NOT_FINITE: return "A quantized input is given NaN or infinity.";
    case EDGEKIT_NOT_WHOLE: return "An integer input is given a fraction, or what it cannot hold.";
    case EDGEKIT_BAD_TEXT: return "The text is not UTF-8.";
    case EDGEKIT_RUN_FAILED: return "The model could not be run.";
    case EDGEKIT_OTHER_MODEL: return "The model is not the file that contract.json describes.";
    case EDGEKIT_OTHER_LABELS: return "The labels are not the host's.";
    case EDGEKIT_OTHER_INPUT: return "An input is not prepared as on the host.";
  }
  return "An unknown status.";
}

static size_t size_of(edgekit_dtype dtype) {
  switch (dtype) {
    case EDGEKIT_INT8:
    case EDGEKIT_UINT8:
    case EDGEKIT_BOOL: return 1;
    case EDGEKIT_FLOAT16:
    case EDGEKIT_INT16:
    case EDGEKIT_UINT16: return 2;
    case EDGEKIT_FLOAT32:
    case EDGEKIT_INT32:
    case EDGEKIT_UINT32: return 4;
    case EDGEKIT_FLOAT64:
    case EDGEKIT_INT64:
    case EDGEKIT_UINT64: return 8;
  }
  return 0;
}

/* What an integer type holds. The upper bounds of the widest ones are the largest doubles that
 * fit. */
static double lowest(edgekit_dtype dtype) {
  switch (dtype) {
    case EDGEKIT_INT8: return INT8_MIN;
    case EDGEKIT_INT16: return INT16_MIN;
    case EDGEKIT_INT32: return INT32_MIN;
    case EDGEKIT_INT64: return -9223372036854775808.0;
    default: return 0.0;
  }
}

static double highest(edgekit_dtype dtype) {
  switch (dtype) {
    case EDGEKIT_INT8: return INT8_MAX;
    case EDGEKIT_UINT8: return UINT8_MAX;
    case EDGEKIT_INT16: return INT16_MAX;
    case EDGEKIT_UINT16: return UINT16_MAX;
    case EDGEKIT_INT32: return INT32_MAX;
    case EDGEKIT_UINT32: return UINT32_MAX;
    case EDGEKIT_INT64: return 9223372036854774784.0;
    case EDGEKIT_UINT64: return 18446744073709549568.0;
    default: return 1.0;
  }
}

/* A float32 to the bits of a float16, halves to even. */
static uint16_t to_half(float value) {
  uint32_t bits, sign, magnitude, result;
  float scaled;
  memcpy(&bits, &value, sizeof bits);
  sign = (bits >> 16) & 0x8000u;
  magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u); /* NaN */
  if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to infinity */
  if (magnitude < 0x38800000u) { /* subnormal: steps of 2**-24 */
    memcpy(&scaled, &magnitude, sizeof scaled);
    return (uint16_t)(sign | (uint32_t)rintf(scaled * 16777216.0f));
  }
  result = magnitude - 0x38000000u; /* another bias */
  result += 0x0fffu + ((result >> 13) & 1u);
  return (uint16_t)(sign | (result >> 13));
}

static float from_half(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu, fraction = half & 0x3ffu;
  uint32_t bits;
  float value;
  if (exponent == 0) {
    value = (float)fraction / 16777216.0f;
    return sign ? -value : value;
  }
  bits = exponent == 31 ? 0x7f800000u : (exponent + 112u) << 23;
  bits |= sign | (fraction << 13);
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Tensors may begin at any address: golden samples are packed. So values are copied. */
static void put(edgekit_dtype dtype, void *stored, size_t index, double value) {
  unsigned char *to = (unsigned char *)stored + index * size_of(dtype);
#define PUT(kind)                       \
  {                                     \
    const kind typed = (kind)value;     \
    memcpy(to, &typed, sizeof typed);   \
    return;                             \
  }
  switch (dtype) {
    case EDGEKIT_FLOAT32: PUT(float)
    case EDGEKIT_FLOAT64: PUT(double)
    case EDGEKIT_INT8: PUT(int8_t)
    case EDGEKIT_BOOL:
    case EDGEKIT_UINT8: PUT(uint8_t)
    case EDGEKIT_INT16: PUT(int16_t)
    case EDGEKIT_UINT16: PUT(uint16_t)
    case EDGEKIT_INT32: PUT(int32_t)
    case EDGEKIT_UINT32: PUT(uint32_t)
    case EDGEKIT_INT64: PUT(int64_t)
    case EDGEKIT_UINT64: PUT(uint64_t)
    case EDGEKIT_FLOAT16: {
      const uint16_t half = to_half((float)value);
      memcpy(to, &half, sizeof half);
      return;
    }
  }
#undef PUT
}

static double get(edgekit_dtype dtype, const void *stored, size_t index) {
  const unsigned char *from = (const unsigned char *)stored + index * size_of(dtype);
#define GET(kind)                       \
  {                                     \
    kind typed;                         \
    memcpy(&typed, from, sizeof typed); \
    return (double)typed;               \
  }
  switch (dtype) {
    case EDGEKIT_FLOAT32: GET(float)
    case EDGEKIT_FLOAT64: GET(double)
    case EDGEKIT_INT8: GET(int8_t)
    case EDGEKIT_BOOL:
    case EDGEKIT_UINT8: GET(uint8_t)
    case EDGEKIT_INT16: GET(int16_t)
    case EDGEKIT_UINT16: GET(uint16_t)
    case EDGEKIT_INT32: GET(int32_t)
    case EDGEKIT_UINT32: GET(uint32_t)
    case EDGEKIT_INT64: GET(int64_t)
    case EDGEKIT_UINT64: GET(uint64_t)
    case EDGEKIT_FLOAT16: {
      uint16_t half;
      memcpy(&half, from, sizeof half);
      return (double)from_half(half);
    }
  }
#undef GET
  return 0.0;
}

edgekit_status edgekit_store(const edgekit_tensor *tensor, void *stored, size_t index,
                             double value) {
  const double low = lowest(tensor->dtype), high = highest(tensor->dtype);
  if (tensor->quantized) {
    /* Up to 16 bits in float32, as the host does it; a float32 holds no wider integer. */
    if (size_of(tensor->dtype) <= 2) {
      const float code = rintf((float)value / tensor->scale);
      value = (double)(code + (float)tensor->zero_point);
    } else {
      value = rint(value / (double)tensor->scale) + (double)tensor->zero_point;
    }
    if (!isfinite(value)) return EDGEKIT_NOT_FINITE;
    value = value < low ? low : value > high ? high : value;
  } else if (tensor->dtype > EDGEKIT_FLOAT16) {
    if (!(value >= low && value <= high) || value != rint(value)) return EDGEKIT_NOT_WHOLE;
  }
  put(tensor->dtype, stored, index, value);
  return EDGEKIT_OK;
}

edgekit_status edgekit_store_all(const edgekit_tensor *tensor, void *stored, const float *values) {
  size_t i;
  for (i = 0; i < tensor->count; i++) {
    const edgekit_status status = edgekit_store(tensor, stored, i, (double)values[i]);
    if (status != EDGEKIT_OK) return status;
  }
  return EDGEKIT_OK;
}

double edgekit_real(const edgekit_tensor *tensor, const void *stored, size_t index) {
  const double value = get(tensor->dtype, stored, index);
  if (!tensor->quantized) return value;
  if (size_of(tensor->dtype) <= 2) {
    const float step = (float)value - (float)tensor->zero_point;
    return (double)(step * tensor->scale);
  }
  return (double)(float)((value - (double)tensor->zero_point) * (double)tensor->scale);
}

void edgekit_real_all(const edgekit_tensor *tensor, const void *stored, float *values) {
  size_t i;
  for (i = 0; i < tensor->count; i++) values[i] = (float)edgekit_real(tensor, stored, i);
}

/* (value - mean) / std in float32. */
static float scaled(const edgekit_scaling *scaling, float value, size_t column) {
  const float mean = scaling->mean[scaling->num_mean == 1 ? 0 : column];
  const float std = scaling->std[scaling->num_std == 1 ? 0 : column];
  const float centred = value - mean;
  return centred / std;
}

edgekit_status edgekit_audio(const edgekit_audio_rules *rules, const edgekit_tensor *tensor,
                             const void *samples, edgekit_dtype dtype, size_t frames, int channels,
                             void *stored) {
  const double low = lowest(dtype), high = highest(dtype);
  const float half = (float)((high - low + 1.0) / 2.0);
  size_t i;
  int c;
  if (channels < 1 || dtype == EDGEKIT_BOOL || tensor->count != (size_t)rules->window) {
    return EDGEKIT_BAD_ARGUMENT;
  }
  for (i = 0; i < tensor->count; i++) {
    float sum = 0.0f;
    edgekit_status status;
    for (c = 0; i < frames && c < channels; c++) {
      float value = (float)get(dtype, samples, i * (size_t)channels + (size_t)c);
      if (dtype > EDGEKIT_FLOAT16) value = (low < 0.0 ? value : value - half) / half;
      sum = c == 0 ? value : sum + value;
    }
    if (i < frames && channels > 1) sum /= (float)channels;
    status = edgekit_store(tensor, stored, i, (double)scaled(&rules->scaling, sum, 0));
    if (status != EDGEKIT_OK) return status;
  }
  return EDGEKIT_OK;
}

edgekit_status edgekit_tabular(const edgekit_scaling *scaling, const edgekit_tensor *tensor,
                               const float *values, void *stored) {
  const size_t columns = tensor->rank > 0 ? (size_t)tensor->shape[tensor->rank - 1] : 1;
  size_t i;
  for (i = 0; i < tensor->count; i++) {
    const float value = scaled(scaling, values[i], i % columns);
    const edgekit_status status = edgekit_store(tensor, stored, i, (double)value);
    if (status != EDGEKIT_OK) return status;
  }
  return EDGEKIT_OK;
}

int edgekit_top_k(const float *values, int count, int k, int *indices) {
  int found = 0, i, at;
  for (i = 0; i < count && k > 0; i++) {
    /* Where it belongs among those found: behind all that are as large. */
    for (at = found; at > 0; at--) {
      const float other = values[indices[at - 1]];
      if (!(values[i] > other || (other != other && values[i] == values[i]))) break;
    }
    if (at == k) continue;
    if (found < k) found++;
    memmove(indices + at + 1, indices + at, (size_t)(found - at - 1) * sizeof *indices);
    indices[at] = i;
  }
  return found;
}
