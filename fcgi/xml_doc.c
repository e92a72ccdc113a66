#include "config.h"

#include <stdint.h>
#include <stdio.h>

#include "fcgi/xml_doc.h"
#include "fcgi/xml_tree.h"
#include "store/json.h"

static enum err
on_open(struct xml_parse *p, const char *name, const char *const *atts)
{
	struct xml_tree *tree = p->arg;
	enum err e = xml_tree_open(tree, slice_str(name));

	if (atts == NULL)
		return e;
	for (; e == ERR_OK && atts[0] != NULL; atts += 2)
		e = xml_tree_add_attribute(
		    tree, slice_str(atts[0]), slice_str(atts[1]));
	return e;
}

static enum err
on_close(struct xml_parse *p)
{
	return xml_tree_close(p->arg);
}

static enum err
on_text(struct xml_parse *p, struct slice text)
{
	return xml_tree_add_text(p->arg, text);
}

static enum err
on_cdata(struct xml_parse *p, struct slice text)
{
	return xml_tree_add_cdata(p->arg, text);
}

enum err
xml_doc_read(struct buf *json, struct slice text, char why[XML_WHY_SIZE])
{
	static const struct xml_handler handler = {
	    on_open, on_close, on_text, on_cdata};
	struct xml_tree tree = {.max_bytes = SIZE_MAX};
	struct xml_parse p = {.handler = &handler, .arg = &tree};
	enum err e;

	xml_tree_reset(&tree);
	e = xml_parse(&p, text);
	if (e == ERR_INVALID) {
		memcpy(why, p.why, sizeof(p.why));
	} else if (e == ERR_OK && !xml_tree_print(&tree, json)) {
		snprintf(why, XML_WHY_SIZE,
		    "It would be JSON nested deeper than %d.", JSON_DEPTH_MAX);
		e = ERR_INVALID;
	}
	xml_tree_fini(&tree);
	return e == ERR_OK && buf_failed(json) ? ERR_NO_MEMORY : e;
}
