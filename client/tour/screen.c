/* Columns are counted in characters, which is right for the scripts that names and
 * addresses of the tour are written in. */
#include "client/tour/screen.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LEAST_COLUMNS = 72, USUAL_COLUMNS = 80, MOST_COLUMNS = 100 };
enum { TIME_COLUMNS = 7, LABEL_COLUMNS = 10 };

static const char *const STYLES[] = {
	[STYLE_PLAIN] = "",
	[STYLE_STRONG] = "\033[1m",
	[STYLE_FAINT] = "\033[2m",
	[STYLE_GOOD] = "\033[32m",
	[STYLE_NEWS] = "\033[36m",
	[STYLE_CARE] = "\033[33m",
};

static size_t
page_columns(FILE *stream)
{
	const char *wish = getenv("COLUMNS");
	long columns = wish != NULL ? strtol(wish, NULL, 10) : 0;
	struct winsize size;

	if (columns <= 0 && isatty(fileno(stream)) == 1 && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns <= 0)
		columns = USUAL_COLUMNS;
	if (columns < LEAST_COLUMNS)
		columns = LEAST_COLUMNS;
	return (size_t)(columns > MOST_COLUMNS ? MOST_COLUMNS : columns);
}

void
screen_init(struct screen *screen, FILE *stream)
{
	*screen = (struct screen){
		.stream = stream,
		.colour = isatty(fileno(stream)) == 1 && getenv("NO_COLOR") == NULL,
		.page_columns = page_columns(stream),
		.label_columns = LABEL_COLUMNS,
	};
}

static size_t
columns_of(const char *text, size_t size)
{
	size_t columns = 0;

	for (size_t i = 0; i < size; i++)
		columns += ((uint8_t)text[i] & 0xc0) != 0x80;
	return columns;
}

static void
put_styled(const struct screen *screen, enum screen_style style, const char *text, size_t size)
{
	bool styled = screen->colour && *STYLES[style] != '\0' && size > 0;

	if (styled)
		fputs(STYLES[style], screen->stream);
	fwrite(text, 1, size, screen->stream);
	if (styled)
		fputs("\033[0m", screen->stream);
}

static void
put_blanks(const struct screen *screen, size_t count)
{
	fprintf(screen->stream, "%*s", (int)count, "");
}

/* The size of what fits into the columns: up to a blank, a longer word whole. */
static size_t
line_size(const char *text, size_t columns)
{
	size_t size = 0;

	for (;;) {
		size_t word = size + strspn(text + size, " ");

		word += strcspn(text + word, " ");
		if (size > 0 && columns_of(text, word) > columns)
			return size;
		size = word;
		if (text[size] == '\0')
			return size;
	}
}

/* Control characters, those of one byte and those of two (U+0080 to U+009F), could
 * give orders to the terminal. */
static void
disarm(char *text)
{
	for (; *text != '\0'; text++) {
		if ((uint8_t)*text < 0x20 || *text == 0x7f)
			*text = '?';
		if ((uint8_t)*text == 0xc2 && (uint8_t)text[1] < 0xa0) {
			text[0] = '?';
			text[1] = '?';
		}
	}
}

/* Wraps text beside what has been written of its first line. */
static void
put_wrapped(const struct screen *screen, enum screen_style style, size_t indent, char *text)
{
	bool first = true;

	disarm(text);
	do {
		size_t size = line_size(text, screen->page_columns - indent);

		if (!first)
			put_blanks(screen, indent);
		put_styled(screen, style, text, size);
		fputc('\n', screen->stream);
		text += size;
		text += strspn(text, " ");
		first = false;
	} while (*text != '\0');
}

/* What vasprintf makes; on failure an empty text, which shows as a gap. */
__attribute__((format(printf, 1, 0))) static char *
format_text(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) >= 0 ? text : calloc(1, 2);
}

void
screen_headline(const struct screen *screen, const char *text)
{
	fputc('\n', screen->stream);
	put_styled(screen, STYLE_STRONG, text, strlen(text));
	fputc('\n', screen->stream);
}

void
screen_paragraph(const struct screen *screen, enum screen_style style, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	if (text != NULL)
		put_wrapped(screen, style, 0, text);
	free(text);
}

void
screen_moment(const struct screen *screen, const char *time, const char *text, bool apart)
{
	char *copy = strdup(text);
	size_t columns = columns_of(time, strlen(time));

	if (apart)
		fputc('\n', screen->stream);
	put_styled(screen, STYLE_FAINT, time, strlen(time));
	put_blanks(screen, columns < TIME_COLUMNS ? TIME_COLUMNS - columns : 1);
	if (copy != NULL)
		put_wrapped(screen, STYLE_STRONG, TIME_COLUMNS, copy);
	free(copy);
}

void
screen_line(const struct screen *screen, enum screen_style style, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	put_blanks(screen, TIME_COLUMNS);
	if (text != NULL)
		put_wrapped(screen, style, TIME_COLUMNS, text);
	free(text);
}

void
screen_entry(const struct screen *screen, const char *label, enum screen_style style, const char *format, ...)
{
	size_t columns = columns_of(label, strlen(label));
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_text(format, arguments);
	va_end(arguments);
	put_blanks(screen, TIME_COLUMNS);
	put_styled(screen, STYLE_FAINT, label, strlen(label));
	put_blanks(screen, columns < screen->label_columns ? screen->label_columns - columns : 1);
	if (text != NULL)
		put_wrapped(screen, style, TIME_COLUMNS + screen->label_columns, text);
	free(text);
}
