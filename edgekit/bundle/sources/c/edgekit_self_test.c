/* Golden samples of the host, replayed. See edgekit_core.h. */
#include "edgekit_core.h"

#include <math.h>
#include <string.h>

size_t edgekit_self_test_workspace(const edgekit_model *model) {
  size_t bytes = 0;
  int i;
  for (i = 0; i < model->num_outputs; i++) bytes += model->outputs[i].num_bytes;
  return bytes;
}

/* The largest difference; infinite where one is NaN or infinite and the other is not that. */
static double difference(const edgekit_tensor *tensor, const void *mine, const void *wanted) {
  double worst = 0.0;
  size_t i;
  for (i = 0; i < tensor->count; i++) {
    const double a = edgekit_real(tensor, mine, i), b = edgekit_real(tensor, wanted, i);
    const double far = fabs(a - b);
    if (a == b || (a != a && b != b)) continue;
    if (far > worst || far != far) worst = far != far ? (double)INFINITY : far;
  }
  return worst;
}

edgekit_status edgekit_self_test(const edgekit_model *model, edgekit_run run, void *context,
                                 void *workspace, size_t workspace_bytes, edgekit_check *checks) {
  const unsigned char *inputs[EDGEKIT_MAX_TENSORS];
  unsigned char *outputs[EDGEKIT_MAX_TENSORS];
  unsigned char *place = (unsigned char *)workspace;
  int i, number;
  if (model->num_inputs > EDGEKIT_MAX_TENSORS || model->num_outputs > EDGEKIT_MAX_TENSORS) {
    return EDGEKIT_BAD_ARGUMENT;
  }
  if (workspace_bytes < edgekit_self_test_workspace(model)) return EDGEKIT_SMALL_WORKSPACE;
  for (i = 0; i < model->num_outputs; i++) {
    outputs[i] = place;
    place += model->outputs[i].num_bytes;
    checks[i].name = model->outputs[i].name;
    checks[i].tolerance = model->outputs[i].tolerance;
    checks[i].worst = 0.0;
    checks[i].exact = 1;
  }
  for (number = 0; number < model->num_samples; number++) {
    const unsigned char *sample = model->golden + (size_t)number * model->sample_bytes;
    for (i = 0; i < model->num_inputs; i++) inputs[i] = sample + model->inputs[i].golden_offset;
    if (run(context, model, inputs, outputs) != 0) return EDGEKIT_RUN_FAILED;
    for (i = 0; i < model->num_outputs; i++) {
      const edgekit_tensor *tensor = &model->outputs[i];
      const unsigned char *wanted = sample + tensor->golden_offset;
      const double far = difference(tensor, outputs[i], wanted);
      if (memcmp(outputs[i], wanted, tensor->num_bytes) != 0) checks[i].exact = 0;
      if (far > checks[i].worst) checks[i].worst = far;
    }
  }
  for (i = 0; i < model->num_outputs; i++) {
    checks[i].passed = checks[i].exact || checks[i].worst <= checks[i].tolerance;
  }
  return EDGEKIT_OK;
}
