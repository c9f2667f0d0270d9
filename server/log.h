/* The daemon's log: lines on standard error, nothing personal in them. */
#ifndef ANAGRAPH_SERVER_LOG_H
#define ANAGRAPH_SERVER_LOG_H

/* Writes one line; what is too long for one is cut, and control characters become
 * blanks, so that nothing can forge a line. Any thread. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
