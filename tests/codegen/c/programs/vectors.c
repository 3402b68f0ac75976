/* Replays tests/codegen/vectors.txt with a bundle's C: `vectors FILE`. Prints `ok N` where all N
 * cases come out as they must, and else a line for each that does not; then it exits with 1.
 *
 * An input tensor of the expected type takes the result, so that floats are compared bit by bit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edgekit_core.h"

enum { MAX_VALUES = 16, MAX_ENTRIES = 256 };

typedef struct {
  char name[80], kind[16], resize[16], channels[16], raw_dtype[16], dtype[16];
  int height, width, shorter, window, length, unknown, shape[4], rank, num_entries;
  float mean[MAX_VALUES], std[MAX_VALUES];
  int num_mean, num_std;
  edgekit_string entries[MAX_ENTRIES];
  unsigned char *raw, *expected;
  size_t raw_bytes, expected_bytes, count;
  double tolerance;
} test_case;

static void die(const char *what, const char *where) {
  fprintf(stderr, "%s: %s\n", what, where);
  exit(2);
}

static void *memory(size_t size) {
  void *made = calloc(size ? size : 1, 1);
  if (!made) die("no memory", "calloc");
  return made;
}

static unsigned char *unhex(const char *text, size_t *size) {
  const size_t length = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
  unsigned char *bytes = (unsigned char *)memory(length);
  size_t i;
  for (i = 0; i < length; i++) {
    unsigned value;
    if (sscanf(text + 2 * i, "%2x", &value) != 1) die("no hexadecimal number", text);
    bytes[i] = (unsigned char)value;
  }
  *size = length;
  return bytes;
}

static int numbers(const char *text, float *values) {
  int count = 0, used;
  while (count < MAX_VALUES && sscanf(text, "%f%n", &values[count], &used) == 1) {
    text += used;
    count++;
  }
  return count;
}

/* The next line without its end; NULL at the end of the file. */
static char *line(FILE *file, char *buffer, int size) {
  size_t length;
  if (!fgets(buffer, size, file)) return NULL;
  length = strlen(buffer);
  if (length == 0 || buffer[length - 1] != '\n') die("a line is too long", buffer);
  buffer[length - 1] = '\0';
  return buffer;
}

static edgekit_status image(const test_case *c, const edgekit_scaling *scaling,
                            const edgekit_tensor *tensor, void *stored) {
  edgekit_image_rules rules;
  const int channels = c->rank == 3 ? c->shape[2] : 1;
  edgekit_status status;
  size_t size;
  void *workspace;
  rules.height = c->height;
  rules.width = c->width;
  rules.resize = !strcmp(c->resize, "nearest")    ? EDGEKIT_NEAREST
                 : !strcmp(c->resize, "bilinear") ? EDGEKIT_BILINEAR
                 : !strcmp(c->resize, "bicubic")  ? EDGEKIT_BICUBIC
                                                  : EDGEKIT_KERAS_BILINEAR;
  rules.shorter = c->shorter;
  rules.channels = !strcmp(c->channels, "rgb")   ? EDGEKIT_RGB
                   : !strcmp(c->channels, "bgr") ? EDGEKIT_BGR
                                                 : EDGEKIT_GRAY;
  rules.scaling = *scaling;
  size = edgekit_image_workspace(&rules, c->shape[0], c->shape[1], channels);
  workspace = memory(size); /* exactly that much: a sanitizer sees what goes beyond */
  if (edgekit_image(&rules, tensor, c->raw, c->shape[0], c->shape[1], channels, workspace,
                    size - 1, stored) != EDGEKIT_SMALL_WORKSPACE) {
    die("a workspace that is too small is refused", c->name);
  }
  status = edgekit_image(&rules, tensor, c->raw, c->shape[0], c->shape[1], channels, workspace,
                         size, stored);
  free(workspace);
  return status;
}

static edgekit_status table(const test_case *c, const edgekit_scaling *scaling,
                            const edgekit_tensor *tensor, void *stored) {
  float *values = (float *)memory(tensor->count * sizeof(float));
  edgekit_status status;
  size_t i;
  for (i = 0; i < tensor->count; i++) {
    int16_t small;
    if (!strcmp(c->raw_dtype, "float32")) {
      memcpy(&values[i], c->raw + 4 * i, 4);
    } else if (!strcmp(c->raw_dtype, "int16")) {
      memcpy(&small, c->raw + 2 * i, 2);
      values[i] = (float)small;
    } else {
      values[i] = (float)c->raw[i];
    }
  }
  status = edgekit_tabular(scaling, tensor, values, stored);
  free(values);
  return status;
}

static edgekit_status sound(const test_case *c, const edgekit_scaling *scaling,
                            const edgekit_tensor *tensor, void *stored) {
  edgekit_audio_rules rules;
  const edgekit_dtype dtype = !strcmp(c->raw_dtype, "float32") ? EDGEKIT_FLOAT32
                              : !strcmp(c->raw_dtype, "int16") ? EDGEKIT_INT16
                                                               : EDGEKIT_UINT8;
  rules.window = c->window;
  rules.scaling = *scaling;
  return edgekit_audio(&rules, tensor, c->raw, dtype, (size_t)c->shape[0],
                       c->rank == 2 ? c->shape[1] : 1, stored);
}

static edgekit_status text(const test_case *c, const edgekit_tensor *tensor, void *stored) {
  edgekit_text_rules rules;
  rules.num_entries = c->num_entries;
  rules.vocabulary = c->entries;
  rules.unknown = c->unknown;
  rules.length = (size_t)c->length;
  return edgekit_text(&rules, tensor, (const char *)c->raw, c->raw_bytes, stored);
}

/* 1 where the case holds. */
static int replay(const test_case *c) {
  const int ids = !strcmp(c->dtype, "int32");
  edgekit_tensor tensor;
  edgekit_scaling scaling;
  edgekit_status status = EDGEKIT_BAD_ARGUMENT;
  int32_t shape[2];
  unsigned char *stored = (unsigned char *)memory(c->expected_bytes);
  size_t i, wrong = 0;
  memset(&tensor, 0, sizeof tensor);
  shape[0] = 1;
  shape[1] = (int32_t)c->count;
  tensor.name = c->name;
  tensor.dtype = ids ? EDGEKIT_INT32 : EDGEKIT_FLOAT32;
  tensor.rank = 2;
  tensor.shape = shape;
  tensor.count = c->count;
  tensor.num_bytes = c->expected_bytes;
  scaling.num_mean = c->num_mean;
  scaling.mean = c->mean;
  scaling.num_std = c->num_std;
  scaling.std = c->std;
  if (!strcmp(c->kind, "image")) status = image(c, &scaling, &tensor, stored);
  if (!strcmp(c->kind, "audio")) status = sound(c, &scaling, &tensor, stored);
  if (!strcmp(c->kind, "tabular")) status = table(c, &scaling, &tensor, stored);
  if (!strcmp(c->kind, "text")) status = text(c, &tensor, stored);
  if (status != EDGEKIT_OK) {
    printf("%s: %s\n", c->name, edgekit_status_text(status));
  } else if (c->tolerance == 0.0) {
    for (i = 0; i < c->expected_bytes; i++) wrong += stored[i] != c->expected[i];
  } else {
    for (i = 0; i < c->count; i++) {
      const double far = edgekit_real(&tensor, stored, i) - edgekit_real(&tensor, c->expected, i);
      wrong += !(fabs(far) <= c->tolerance);
    }
  }
  if (wrong) printf("%s: %u bytes or values are wrong\n", c->name, (unsigned)wrong);
  free(stored);
  return status == EDGEKIT_OK && wrong == 0;
}

/* Takes one line `KEY VALUE`, and the lines that belong to it. */
static void take(test_case *c, FILE *file, char *buffer, int size, const char *key,
                 const char *value) {
  size_t length;
  int i;
  if (!strcmp(key, "kind")) sscanf(value, "%15s", c->kind);
  if (!strcmp(key, "size")) sscanf(value, "%d %d", &c->height, &c->width);
  if (!strcmp(key, "resize")) sscanf(value, "%15s", c->resize);
  if (!strcmp(key, "shorter")) c->shorter = atoi(value);
  if (!strcmp(key, "channels")) sscanf(value, "%15s", c->channels);
  if (!strcmp(key, "window")) c->window = atoi(value);
  if (!strcmp(key, "length")) c->length = atoi(value);
  if (!strcmp(key, "unknown")) c->unknown = atoi(value);
  if (!strcmp(key, "mean")) c->num_mean = numbers(value, c->mean);
  if (!strcmp(key, "std")) c->num_std = numbers(value, c->std);
  if (!strcmp(key, "tolerance")) c->tolerance = atof(value);
  if (!strcmp(key, "text")) c->raw = unhex(value, &c->raw_bytes);
  if (!strcmp(key, "vocabulary")) {
    c->num_entries = atoi(value);
    if (c->num_entries > MAX_ENTRIES) die("the vocabulary is too large", c->name);
    for (i = 0; i < c->num_entries && line(file, buffer, size); i++) {
      c->entries[i].text = (const char *)unhex(buffer, &c->entries[i].size);
    }
  }
  if (!strcmp(key, "raw")) {
    c->rank = sscanf(value, "%15s %d %d %d", c->raw_dtype, &c->shape[0], &c->shape[1],
                     &c->shape[2]) - 1;
    if (line(file, buffer, size)) c->raw = unhex(buffer, &c->raw_bytes);
  }
  if (!strcmp(key, "expected")) {
    if (sscanf(value, "%15s %zu", c->dtype, &length) == 2) c->count = length;
    if (line(file, buffer, size)) c->expected = unhex(buffer, &c->expected_bytes);
  }
}

static void release(test_case *c) {
  int i;
  for (i = 0; i < c->num_entries; i++) free((void *)(uintptr_t)c->entries[i].text);
  free(c->raw);
  free(c->expected);
}

int main(int argc, char **argv) {
  enum { SIZE = 1 << 18 };
  char *buffer = (char *)memory(SIZE), *value;
  static test_case c;
  int cases = 0, right = 0;
  FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (!file) die("no such file", argc == 2 ? argv[1] : "vectors FILE");
  while (line(file, buffer, SIZE)) {
    char key[16];
    value = strchr(buffer, ' ');
    if (sscanf(buffer, "%15s", key) != 1) continue;
    if (!strcmp(key, "case")) {
      memset(&c, 0, sizeof c);
      sscanf(value, "%79s", c.name);
    } else if (!strcmp(key, "end")) {
      if (c.expected_bytes != 4 * c.count) die("half a case", c.name);
      cases++;
      right += replay(&c);
      release(&c);
    } else if (value) {
      take(&c, file, buffer, SIZE, key, value + 1);
    }
  }
  fclose(file);
  free(buffer);
  if (cases == right && cases > 0) printf("ok %d\n", cases);
  return cases == right && cases > 0 ? 0 : 1;
}
