/**
 * How many responses may come before the final one (RFC 9110 §15.2). Services that tell every few seconds that they are
 * still at work (102) stay far below.
 */
export const MAX_INTERIM = 256;
