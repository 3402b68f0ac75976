/* Text to ids. See edgekit_core.h. */
#include "edgekit_core.h"

#include <string.h>

/* The code point that begins at `text`, and its bytes; 0 where it is no UTF-8. */
static size_t decode(const char *text, size_t size, uint32_t *point) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *bytes = (const unsigned char *)text;
  size_t length, i;
  if (bytes[0] < 0x80) {
    *point = bytes[0];
    return 1;
  }
  length = bytes[0] >= 0xf8 ? 0 : bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
  if (bytes[0] < 0xc2 || length == 0 || length > size) return 0;
  *point = bytes[0] & (0x7fu >> length);
  for (i = 1; i < length; i++) {
    if ((bytes[i] & 0xc0) != 0x80) return 0;
    *point = (*point << 6) | (bytes[i] & 0x3fu);
  }
  if (*point < least[length] || *point > 0x10ffff) return 0;
  return *point >= 0xd800 && *point < 0xe000 ? 0 : length;
}

/* What Python's str.split takes for a blank. */
static int is_blank(uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || (point >= 0x1c && point <= 0x20) || point == 0x85 ||
         point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200a) ||
         point == 0x2028 || point == 0x2029 || point == 0x202f || point == 0x205f ||
         point == 0x3000;
}

/* One character at most, or a special entry like [UNK] or <pad>. */
static int is_character(const edgekit_string *entry) {
  const char first = entry->size ? entry->text[0] : '\0';
  const char last = entry->size ? entry->text[entry->size - 1] : '\0';
  size_t at = 0, points = 0, length;
  uint32_t point;
  while (at < entry->size) {
    length = decode(entry->text + at, entry->size - at, &point);
    at += length ? length : 1;
    points++;
  }
  return points <= 1 ||
         (points > 2 && ((first == '[' && last == ']') || (first == '<' && last == '>')));
}

static int32_t id_of(const edgekit_text_rules *rules, const char *part, size_t size) {
  int i;
  for (i = 0; i < rules->num_entries; i++) {
    const edgekit_string *entry = &rules->vocabulary[i];
    if (entry->size == size && memcmp(entry->text, part, size) == 0) return i;
  }
  return rules->unknown;
}

edgekit_status edgekit_text(const edgekit_text_rules *rules, const edgekit_tensor *tensor,
                            const char *text, size_t size, void *stored) {
  size_t at = 0, begin = 0, index = 0, length;
  int by_character = 1, i, blank;
  uint32_t point;
  edgekit_status status = EDGEKIT_OK;
  if (tensor->count != rules->length) return EDGEKIT_BAD_ARGUMENT;
  for (i = 0; i < rules->num_entries && by_character; i++) {
    by_character = is_character(&rules->vocabulary[i]);
  }
  while (at < size && status == EDGEKIT_OK) {
    length = decode(text + at, size - at, &point);
    if (length == 0) return EDGEKIT_BAD_TEXT;
    blank = !by_character && is_blank(point);
    if (blank && at > begin && index < rules->length) {
      status = edgekit_store(tensor, stored, index++, id_of(rules, text + begin, at - begin));
    }
    at += length;
    if (blank) begin = at;
    if (by_character && index < rules->length) {
      status = edgekit_store(tensor, stored, index++, id_of(rules, text + at - length, length));
    }
  }
  if (!by_character && at > begin && index < rules->length && status == EDGEKIT_OK) {
    status = edgekit_store(tensor, stored, index++, id_of(rules, text + begin, at - begin));
  }
  while (index < rules->length && status == EDGEKIT_OK) {
    status = edgekit_store(tensor, stored, index++, 0.0);
  }
  return status;
}
