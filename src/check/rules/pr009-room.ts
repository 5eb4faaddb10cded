import { findLackOfRoom } from '../../plan/rules/room.ts';
import type { Rule } from './rule.ts';

/** The main checkout, and one branch. */
const STACKS = 2;

export const PR009: Rule = {
  id: 'PR009',
  severity: 'error',
  title: 'range too small for services × stacks',
  reasoning:
    'Every port of every stack has a number of its own, and keeps it. A range must hold the main ' +
    'checkout and at least one branch beside it, else the second stack does not start; "portramp ' +
    'dev" refuses a contract of which not even one stack fits.',
  find: ({ contract }) => findLackOfRoom(contract, STACKS),
};
