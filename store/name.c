#include "config.h"

#include "store/json.h"
#include "store/name.h"

bool
name_is_meta(struct slice name)
{
	return slice_starts(name, "$$");
}

bool
name_is_system(struct slice name)
{
	return slice_starts(name, "$");
}

struct slice
name_base(struct slice meta)
{
	return slice_from(meta, 2);
}

struct slice
name_meta(char *out, struct slice name)
{
	memcpy(out, "$$", 2);
	memcpy(out + 2, name.p, name.n);
	return slice(out, name.n + 2);
}

bool
name_check(struct slice name, const char **why)
{
	struct slice rest = name_is_meta(name) ? name_base(name) : name;
	size_t i;

	*why = "A stream's name must have 1 to 1000 bytes.";
	if (rest.n == 0 || rest.n > STREAM_MAX_NAME)
		return false;
	*why = "A stream's name must not have control characters.";
	for (i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
			return false;
	*why = "A stream's name must be UTF-8.";
	return json_utf8_valid(name);
}
