#include "config.h"

#include <stddef.h>

#include "fcgi/old_metadata.h"
#include "store/json.h"

static bool
is_role(struct slice raw_name)
{
	static const char *const names[] = {"readRole", "writeRole",
	    "deleteRole", "metaReadRole", "metaWriteRole"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(raw_name, names[i]))
			return true;
	return false;
}

bool
old_metadata_is(struct slice type, struct slice json)
{
	struct json_value document, v;
	struct json_iter it;
	struct slice name;
	size_t n = 0;

	if (!slice_is(type, "$user-updated") ||
	    !json_parse(&document, json, NULL) || document.kind != JSON_OBJECT)
		return false;
	json_iter_init(&it, document);
	while (json_iter_member(&it, &name, &v)) {
		if (!is_role(name))
			return false;
		n++;
	}
	return n > 0;
}
