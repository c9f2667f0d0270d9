/* The page that the tour is told on: a narrow column for times, one for labels,
 * and text that is wrapped beside them. It is as wide as COLUMNS says, else as the
 * terminal, else 80, and never under 72 or over 100. Colour only on a terminal, and not
 * when NO_COLOR is set. */
#ifndef ANAGRAPH_CLIENT_TOUR_SCREEN_H
#define ANAGRAPH_CLIENT_TOUR_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum screen_style {
	STYLE_PLAIN,
	STYLE_STRONG,
	STYLE_FAINT,
	STYLE_GOOD,
	STYLE_NEWS,
	STYLE_CARE,
};

struct screen {
	FILE *stream;
	bool colour;
	size_t page_columns;
	size_t label_columns; /* of the label column, its gap included */
};

/* Prepares a page on a stream, which is borrowed. */
void screen_init(struct screen *screen, FILE *stream);

/* A headline with a blank line before it. */
void screen_headline(const struct screen *screen, const char *text);

/* A paragraph over the full width. */
__attribute__((format(printf, 3, 4))) void screen_paragraph(
    const struct screen *screen, enum screen_style style, const char *format, ...);

/* A sentence beside its time, after a blank line when it is to stand apart. */
void screen_moment(const struct screen *screen, const char *time, const char *text, bool apart);

/* Text indented past the times, without a label. As in screen_entry, control characters
 * are shown as '?'. */
__attribute__((format(printf, 3, 4))) void screen_line(
    const struct screen *screen, enum screen_style style, const char *format, ...);

/* Text beside a label, indented past the times. Text from callers may be in the
 * arguments: control characters are shown as '?'. */
__attribute__((format(printf, 4, 5))) void screen_entry(
    const struct screen *screen, const char *label, enum screen_style style, const char *format, ...);

#endif
