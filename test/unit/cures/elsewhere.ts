const MACHINE = 'unit/cures/machine.test.ts';

/** Hints about contracts and Compose files that are typed elsewhere than in `cures.test.ts`, in the same form. */
export const OF_CONTRACTS: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'see whether that is who it is reserved for': [MACHINE, 'see whether that is who'],
  '…, or give … another number': [MACHINE, 'or give api.http another number'],
  'name a revision that has one in this folder; a new contract has nothing to be compared with': [
    MACHINE,
    'name a revision that has one',
  ],
  'name two revisions to compare them with each other': [MACHINE, 'name two revisions'],
  'revisions come from git: run this in a checkout': [MACHINE, 'run this in a checkout'],
  'give … "ports" instead of network_mode: host': [MACHINE, '"ports" instead of network_mode: host'],
  'write the ports at the service that owns the network': [MACHINE, 'write the ports at the service'],
  'write the service instead: …': [MACHINE, 'write the service instead: db'],
};
