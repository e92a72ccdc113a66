/*
 * xml_tree - one XML element with all that is in it, and the JSON it means.
 *
 * Layer: fcgi; knows nothing of XML's syntax.  The JSON is Newtonsoft's
 * (JsonConvert.SerializeXmlNode): an element with text only is a string, an
 * empty one null, any other an object; attributes are its members "@name",
 * text beside elements is its member "#text", a name that comes again makes
 * an array at the place of the first.  In names _x0024_ means a $.  Text
 * that is only blanks is layout, and nothing unless it is CDATA.
 */
#ifndef FCGI_XML_TREE_H
#define FCGI_XML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/buf.h"
#include "store/err.h"

#define XML_TREE_MAX_DEPTH 64

struct xml_node; /* opaque */

enum xml_kind { XML_NOTHING, XML_TEXT, XML_OBJECT };

/* Starts as {.max_bytes = ...}, and with xml_tree_reset(). */
struct xml_tree {
	size_t max_bytes; /* in: that the JSON of a tree may have */
	size_t least;     /* it has at least so many */
	struct buf bytes; /* names and texts */
	struct xml_node *nodes;
	uint32_t n, size;
	uint32_t *sorted; /* room to sort the children of a node */
	uint32_t sorted_size;
	uint32_t open[XML_TREE_MAX_DEPTH];
	unsigned int depth;
	size_t run, piece; /* where in bytes the text starts that grows */
	bool run_counts, piece_counts;
};

void xml_tree_fini(struct xml_tree *);

/* Start, or start again: forget what is in it, keep the memory. */
void xml_tree_reset(struct xml_tree *);

/*
 * What is read, in the order of the document; the first element opened is
 * the tree's own.  At most XML_TREE_MAX_DEPTH elements are open, and every
 * one is closed.  Attributes follow their element at once.  Names and values
 * are UTF-8, and copied.  ERR_TOO_LARGE, ERR_NO_MEMORY.
 */
enum err xml_tree_open(struct xml_tree *, struct slice name);
enum err xml_tree_add_attribute(
    struct xml_tree *, struct slice name, struct slice value);
enum err xml_tree_add_text(struct xml_tree *, struct slice);
enum err xml_tree_add_cdata(struct xml_tree *, struct slice);
enum err xml_tree_close(struct xml_tree *);

/* What the tree's own element is, after it has been closed. */
enum xml_kind xml_tree_kind(const struct xml_tree *);

/* Its text if it is XML_TEXT, borrowed until the next call; or empty. */
struct slice xml_tree_text(const struct xml_tree *);

/*
 * Add its JSON, compact; whether memory lasted, the buf knows.  False: it
 * nests deeper than JSON_DEPTH_MAX, and the buf's end is of no use.
 */
bool xml_tree_print(const struct xml_tree *, struct buf *);

#endif
