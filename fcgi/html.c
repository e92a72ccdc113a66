#include "config.h"

#include "fcgi/html.h"
#include "fcgi/xml_out.h"

void
html_print(struct buf *b, const struct html_page *p)
{
	buf_add_str(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		       "<meta charset=\"utf-8\">\n<title>");
	xml_out_text(b, p->title);
	buf_add_str(b, "</title>\n</head>\n<body>\n<p><a href=\"");
	xml_out_text(b, p->base);
	buf_add_str(b, "/web/index.html#");
	xml_out_text(b, p->path);
	buf_add_str(b, "\">");
	xml_out_text(b, p->title);
	buf_add_str(b, "</a></p>\n</body>\n</html>\n");
}
