/** Fields about numbers, as they may be written. Rules between fields are in `check-ranges.ts`. */
import { z } from 'zod';

import { isDate } from './date.ts';
import { parseSpan } from './ranges.ts';
import { fields, name, oneOf, portNumber, say, text } from './words.ts';

const span = oneOf('a port, or two of them', 'write exclude: [22000-22099, 23000]', [
  portNumber,
  z
    .string()
    .refine(
      (value) => parseSpan(value) !== undefined,
      say('this is not a span of ports', 'write 22000-22099'),
    ),
]);

export const range = fields({
  from: portNumber.describe('The first number.'),
  to: portNumber.describe('The last number.'),
  static: z
    .int(say('this must be a whole number', 'write how many numbers are kept for static ports'))
    .min(0, say('this cannot be negative', 'write static: 0 to keep none'))
    .optional()
    .describe(
      'How many numbers from the start are kept for static ports. Default: 128, and at most a quarter of the range.',
    ),
  exclude: z
    .array(span, say('this must be a list', 'write exclude: [22000-22099]'))
    .optional()
    .describe('Numbers that are never given to a service.'),
});

const date = z
  .string(say('a date is text', 'write 2027-03-01'))
  .refine(isDate, say('this is not a date', 'write year, month and day: 2027-03-01'));

export const reservation = fields({
  port: portNumber.describe('The number that somebody outside relies on.'),
  service: name.optional().describe('The service that keeps it. Without: no service may have it.'),
  owner: text.optional().describe('Who asked for it, and can say whether it is still needed.'),
  reason: text.optional().describe('Why.'),
  expires: date.optional().describe('The last day on which it holds, such as 2027-03-01.'),
});

export type RangeFields = z.output<typeof range>;
