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

size_t edgekit_self_test_workspace(const edgekit_model *model, const edgekit_code *code) {
  size_t bytes = 0;
  int i;
  for (i = 0; i < model->num_outputs; i++) bytes += model->outputs[i].num_bytes;
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

/* Adds one sample: `rms` holds the sum of squares and `agreement` a number of samples meanwhile.
 * A number and NaN are infinitely far apart. */
static void add(edgekit_check *check, const edgekit_tensor *tensor, const void *mine,
                const void *wanted) {
  size_t i, my_top = 0, host_top = 0;
  if (memcmp(mine, wanted, tensor->num_bytes) != 0) check->exact = 0;
  for (i = 0; i < tensor->count; i++) {
    const double a = edgekit_real(tensor, mine, i), b = edgekit_real(tensor, wanted, i);
    double far = fabs(a - b);
    if (a > edgekit_real(tensor, mine, my_top)) my_top = i;
    if (b > edgekit_real(tensor, wanted, host_top)) host_top = i;
    if (a == b || (a != a && b != b)) continue;
    if (far != far) far = (double)INFINITY;
    if (far > check->worst) check->worst = far;
    check->rms += far * far;
  }
  check->agreement += my_top == host_top;
}

static void finish(edgekit_check *check, const edgekit_model *model, size_t count) {
  const double values = (double)count * model->num_samples;
  check->rms = values > 0.0 ? sqrt(check->rms / values) : 0.0;
  check->agreement = model->num_samples > 0 ? check->agreement / model->num_samples : 0.0;
  check->passed = model->num_samples > 0 && check->worst <= check->tolerance &&
                  check->rms <= check->rms_tolerance && check->agreement >= check->least_agreement;
}

edgekit_status edgekit_self_test(const edgekit_model *model, const edgekit_code *code,
                                 edgekit_run run, void *context, void *workspace,
                                 size_t workspace_bytes, edgekit_check *checks) {
  const unsigned char *inputs[EDGEKIT_MAX_TENSORS];
  unsigned char *outputs[EDGEKIT_MAX_TENSORS];
  unsigned char *place = (unsigned char *)workspace;
  int i, number;
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
    edgekit_check check = {0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1, 0};
    outputs[i] = place;
    place += tensor->num_bytes;
    check.name = tensor->name;
    check.tolerance = tensor->tolerance;
    check.rms_tolerance = tensor->rms_tolerance;
    check.least_agreement = tensor->least_agreement;
    checks[i] = check;
  }
  for (number = 0; number < model->num_samples; number++) {
    const unsigned char *sample = model->golden + (size_t)number * model->sample_bytes;
    for (i = 0; i < model->num_inputs; i++) inputs[i] = sample + model->inputs[i].golden_offset;
    if (run(context, model, inputs, outputs) != 0) return EDGEKIT_RUN_FAILED;
    for (i = 0; i < model->num_outputs; i++) {
      const edgekit_tensor *tensor = &model->outputs[i];
      add(&checks[i], tensor, outputs[i], sample + tensor->golden_offset);
    }
  }
  for (i = 0; i < model->num_outputs; i++) finish(&checks[i], model, model->outputs[i].count);
  return EDGEKIT_OK;
}
