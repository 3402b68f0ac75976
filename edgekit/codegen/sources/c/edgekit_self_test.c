/* The host's file, labels, preprocessing and golden samples, compared. See edgekit_core.h. */
#include "edgekit_core.h"

#include <math.h>
#include <string.h>

/* Every part of the workspace begins at an address that 8 divides. */
static size_t rounded(size_t bytes) { return (bytes + 7u) & ~(size_t)7u; }

static size_t input_bytes(const edgekit_model *model, const edgekit_code *code,
                          const edgekit_raw *raw) {
  return rounded(model->inputs[raw->input].num_bytes) + rounded(raw->num_bytes) +
         code->workspace(raw);
}

/* What is added up of some columns: differences of real values. */
typedef struct {
  double worst;
  double squares;
} sums;

/* How many groups of columns an output has; all of them are one where they share a tolerance. */
static int groups_of(const edgekit_tensor *tensor) {
  return tensor->num_columns > 0 ? tensor->num_columns : 1;
}

static size_t width_of(const edgekit_tensor *tensor) {
  const int32_t last = tensor->rank > 0 ? tensor->shape[tensor->rank - 1] : 1;
  return last > 0 ? (size_t)last : 1;
}

static edgekit_columns group_of(const edgekit_tensor *tensor, int number) {
  edgekit_columns all;
  if (tensor->num_columns > 0) return tensor->columns[number];
  all.start = 0;
  all.stop = width_of(tensor);
  all.tolerance = tensor->tolerance;
  all.rms_tolerance = tensor->rms_tolerance;
  return all;
}

size_t edgekit_self_test_workspace(const edgekit_model *model, const edgekit_code *code) {
  size_t bytes = 0;
  int i;
  for (i = 0; i < model->num_outputs; i++) {
    bytes += rounded(model->outputs[i].num_bytes);
    bytes += (size_t)groups_of(&model->outputs[i]) * sizeof(sums);
  }
  for (i = 0; i < model->num_raws && code->prepare; i++) {
    const size_t needed = input_bytes(model, code, &model->raws[i]);
    if (needed > bytes) bytes = needed;
  }
  return bytes + 7u; /* to its first address that 8 divides */
}

static uint32_t turned(uint32_t word, int by) { return (word >> by) | (word << (32 - by)); }

static void sha256_block(uint32_t state[8], const unsigned char *block) {
  static const uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
  uint32_t w[64], v[8];
  int i;
  for (i = 0; i < 16; i++) {
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
           (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (i = 16; i < 64; i++) {
    const uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (turned(a, 7) ^ turned(a, 18) ^ (a >> 3)) + w[i - 7] +
           (turned(b, 17) ^ turned(b, 19) ^ (b >> 10));
  }
  memcpy(v, state, sizeof v);
  for (i = 0; i < 64; i++) {
    const uint32_t first = v[7] + (turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25)) +
                           ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    const uint32_t second = (turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22)) +
                            ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += first;
    v[0] = first + second;
  }
  for (i = 0; i < 8; i++) state[i] += v[i];
}

/* Whether the SHA-256 of `data` is `wanted`, in hexadecimal digits. */
static int is_file(const unsigned char *data, size_t size, const char *wanted) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char last[128] = {0};
  const size_t whole = size / 64 * 64, rest = size - whole;
  const size_t end = rest < 56 ? 64 : 128;
  size_t i;
  for (i = 0; i < whole; i += 64) sha256_block(state, data + i);
  if (rest) memcpy(last, data + whole, rest);
  last[rest] = 0x80;
  for (i = 0; i < 8; i++) last[end - 1 - i] = (unsigned char)((uint64_t)size * 8 >> (8 * i));
  for (i = 0; i < end; i += 64) sha256_block(state, last + i);
  for (i = 0; i < 64; i++) {
    if (wanted[i] != "0123456789abcdef"[state[i / 8] >> (28 - 4 * (i % 8)) & 15]) return 0;
  }
  return wanted[64] == 0;
}

static int are_labels(const edgekit_model *model, const edgekit_golden_labels *held,
                      const char *const *labels) {
  const unsigned char *place = model->golden + held->offset;
  size_t left = held->num_bytes;
  if (!labels) return 0;
  for (; left; labels++) { /* as many as the host has: the array's size is the output's */
    const size_t size = strlen(*labels) + 1;
    if (size > left || memcmp(place, *labels, size) != 0) return 0;
    place += size;
    left -= size;
  }
  return 1;
}

static edgekit_status check_input(const edgekit_model *model, const edgekit_code *code,
                                  const edgekit_raw *raw, unsigned char *workspace) {
  const edgekit_tensor *tensor = &model->inputs[raw->input];
  const size_t value = tensor->num_bytes / tensor->count;
  unsigned char *stored = workspace;
  unsigned char *data = stored + rounded(tensor->num_bytes);
  const unsigned char *wanted = model->golden + raw->expected_offset;
  edgekit_status status;
  size_t i;
  memcpy(data, model->golden + raw->offset, raw->num_bytes);
  status = code->prepare(model, raw, data, data + rounded(raw->num_bytes), code->workspace(raw),
                         stored);
  if (status != EDGEKIT_OK) return EDGEKIT_OTHER_INPUT;
  for (i = 0; i * value < raw->expected_bytes; i++) {
    if (memcmp(stored + i * raw->stride * value, wanted + i * value, value) != 0) {
      return EDGEKIT_OTHER_INPUT;
    }
  }
  return EDGEKIT_OK;
}

/* Adds the differences of one sample in some columns. A number and NaN are infinitely far apart. */
static void add(sums *found, const edgekit_tensor *tensor, edgekit_columns columns,
                const void *mine, const void *wanted) {
  const size_t width = width_of(tensor);
  size_t row, i;
  for (row = 0; row < tensor->count; row += width) {
    for (i = row + columns.start; i < row + columns.stop; i++) {
      const double a = edgekit_real(tensor, mine, i), b = edgekit_real(tensor, wanted, i);
      double far = fabs(a - b);
      if (a == b || (a != a && b != b)) continue;
      if (far != far) far = (double)INFINITY;
      if (far > found->worst) found->worst = far;
      found->squares += far * far;
    }
  }
}

/* The place of the largest of `width` values from `first` on. */
static size_t top(const edgekit_tensor *tensor, const void *stored, size_t first, size_t width) {
  size_t best = first, i;
  for (i = first; i < first + width; i++) {
    if (edgekit_real(tensor, stored, i) > edgekit_real(tensor, stored, best)) best = i;
  }
  return best;
}

/* The share of a sample's decisions that are the host's. */
static double alike(const edgekit_tensor *tensor, const void *mine, const void *wanted) {
  const int by_value = tensor->threshold == tensor->threshold;
  const size_t width = by_value ? 1 : width_of(tensor);
  size_t row, same = 0;
  for (row = 0; row < tensor->count; row += width) {
    if (by_value) {
      same += (edgekit_real(tensor, mine, row) > tensor->threshold) ==
              (edgekit_real(tensor, wanted, row) > tensor->threshold);
    } else {
      same += top(tensor, mine, row, width) == top(tensor, wanted, row, width);
    }
  }
  return tensor->count > 0 ? (double)(same * width) / (double)tensor->count : 1.0;
}

/* Takes the numbers of the columns that come nearest to their tolerances; all must hold theirs.
 * `agreement` is the sum of all samples' shares meanwhile. */
static void finish(edgekit_check *check, const edgekit_model *model, const edgekit_tensor *tensor,
                   const sums *found) {
  const double rows = (double)(tensor->count / width_of(tensor)) * model->num_samples;
  double nearest = -1.0;
  int i;
  check->agreement = model->num_samples > 0 ? check->agreement / model->num_samples : 0.0;
  check->passed = model->num_samples > 0 && check->agreement >= check->least_agreement;
  for (i = 0; i < groups_of(tensor); i++) {
    const edgekit_columns columns = group_of(tensor, i);
    const double count = rows * (double)(columns.stop - columns.start);
    const double rms = count > 0.0 ? sqrt(found[i].squares / count) : 0.0;
    const double worst = found[i].worst;
    const int holds = worst <= columns.tolerance && rms <= columns.rms_tolerance;
    double share = columns.rms_tolerance > 0.0 ? rms / columns.rms_tolerance : 0.0;
    if (columns.tolerance > 0.0 && worst / columns.tolerance > share) {
      share = worst / columns.tolerance;
    }
    if (!holds) share = share > 1.0 ? share : (double)INFINITY;
    if (!holds) check->passed = 0;
    if (!(share > nearest)) continue;
    nearest = share;
    check->worst = worst;
    check->rms = rms;
    check->tolerance = columns.tolerance;
    check->rms_tolerance = columns.rms_tolerance;
    check->start = tensor->num_columns > 0 ? columns.start : 0;
    check->stop = tensor->num_columns > 0 ? columns.stop : 0;
  }
}

edgekit_status edgekit_self_test(const edgekit_model *model, const edgekit_code *code,
                                 edgekit_run run, void *context, void *workspace,
                                 size_t workspace_bytes, edgekit_check *checks) {
  const unsigned char *inputs[EDGEKIT_MAX_TENSORS];
  unsigned char *outputs[EDGEKIT_MAX_TENSORS];
  sums *found[EDGEKIT_MAX_TENSORS];
  unsigned char *place = (unsigned char *)workspace;
  int i, group, number;
  if (model->num_inputs > EDGEKIT_MAX_TENSORS || model->num_outputs > EDGEKIT_MAX_TENSORS) {
    return EDGEKIT_BAD_ARGUMENT;
  }
  if (workspace_bytes < edgekit_self_test_workspace(model, code)) return EDGEKIT_SMALL_WORKSPACE;
  place += rounded((uintptr_t)place) - (uintptr_t)place;
  if (!is_file(model->data, model->size, model->sha256)) return EDGEKIT_OTHER_MODEL;
  for (i = 0; i < model->num_labels; i++) {
    const edgekit_golden_labels *held = &model->labels[i];
    const char *const *mine = code->labels ? code->labels[held->output] : 0;
    if (!are_labels(model, held, mine)) return EDGEKIT_OTHER_LABELS;
  }
  for (i = 0; i < model->num_raws; i++) {
    if (!code->prepare) return EDGEKIT_OTHER_INPUT;
    if (check_input(model, code, &model->raws[i], place) != EDGEKIT_OK) return EDGEKIT_OTHER_INPUT;
  }
  for (i = 0; i < model->num_outputs; i++) {
    const edgekit_tensor *tensor = &model->outputs[i];
    edgekit_check check = {0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1, 0, 0, 0};
    found[i] = (sums *)(void *)place;
    for (group = 0; group < groups_of(tensor); group++) {
      found[i][group].worst = found[i][group].squares = 0.0;
    }
    place += (size_t)groups_of(tensor) * sizeof(sums);
    outputs[i] = place;
    place += rounded(tensor->num_bytes);
    check.name = tensor->name;
    check.least_agreement = tensor->least_agreement;
    checks[i] = check;
  }
  for (number = 0; number < model->num_samples; number++) {
    const unsigned char *sample = model->golden + (size_t)number * model->sample_bytes;
    for (i = 0; i < model->num_inputs; i++) inputs[i] = sample + model->inputs[i].golden_offset;
    if (run(context, model, inputs, outputs) != 0) return EDGEKIT_RUN_FAILED;
    for (i = 0; i < model->num_outputs; i++) {
      const edgekit_tensor *tensor = &model->outputs[i];
      const unsigned char *wanted = sample + tensor->golden_offset;
      if (memcmp(outputs[i], wanted, tensor->num_bytes) != 0) checks[i].exact = 0;
      if (tensor->least_agreement >= 0.0) checks[i].agreement += alike(tensor, outputs[i], wanted);
      for (group = 0; group < groups_of(tensor); group++) {
        add(&found[i][group], tensor, group_of(tensor, group), outputs[i], wanted);
      }
    }
  }
  for (i = 0; i < model->num_outputs; i++) finish(&checks[i], model, &model->outputs[i], found[i]);
  return EDGEKIT_OK;
}
