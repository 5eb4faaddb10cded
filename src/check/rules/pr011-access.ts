import type { Rule } from './rule.ts';

export const PR011: Rule = {
  id: 'PR011',
  severity: 'error',
  title: "consumer not in the provider's `access.from`",
  reasoning:
    'A provider with "access: { from: [...] }" is meant for those services and no other. Whoever is ' +
    'not in the list is not told its address, neither by consuming it nor by a reference such as ' +
    '${db.url}; the same holds for ports with "visibility: private". Names that a browser shows ' +
    '(publicUrl, publicHost, hosts) are no secret and stay available. On plain loopback nothing can ' +
    'keep a process from guessing a number, so this is a rule about the contract, found before the ' +
    'merge.',
};
