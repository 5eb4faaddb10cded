/** Hints about contracts and Compose files that are typed, but not by `cures.test.ts`: where. */

const WORDS = 'process/cli/typed-words.test.ts';
const MACHINE = 'unit/cures/machine.test.ts';
const COMPOSE = 'unit/cures/compose.test.ts';
const FILES = 'unit/cures/files.test.ts';

/** hint, as the source writes it → the test that types it, and words of that test by which it is known. */
export const OF_CONTRACTS: Readonly<Record<string, readonly [file: string, words: string]>> = {
  '"…" within a list needs Compose itself': [
    'unit/compose/static.test.ts',
    'within a list needs Compose itself',
  ],
  'a contract is YAML or JSON in UTF-8': [FILES, 'a contract is YAML or JSON'],
  'a contract is a file that you can read': [FILES, 'a contract is a file'],
  'a shallow clone has few of them: fetch it first, in GitHub Actions with fetch-depth: 0': [
    MACHINE,
    'a shallow clone has few of them',
  ],
  'give … "ports" instead of network_mode: host': [COMPOSE, '"ports" instead of network_mode: host'],
  'git add portramp.yaml && git commit -m "The contract"': [MACHINE, 'git (add portramp'],
  'name a commit, a branch or a tag: "git branch --all" and "git tag" list what there is': [
    MACHINE,
    'list what there is',
  ],
  'try again': [MACHINE, 'made when git is asked again'],
  'install git': [MACHINE, 'install git'],
  'is it the right file?': [FILES, 'is it the right file?'],
  'name a revision that has one in this folder; a new contract has nothing to be compared with': [
    MACHINE,
    'name a revision that has one',
  ],
  'name the file of the authority: for mkcert, rootCA.pem in the folder that "mkcert -CAROOT" prints': [
    FILES,
    'name the file of the authority',
  ],
  'name two revisions to compare them with each other': [MACHINE, 'name two revisions'],
  'revisions come from git: run this in a checkout': [MACHINE, 'run this in a checkout'],
  'the environments are: …': [WORDS, 'the environments are: '],
  'write it as UTF-8: iconv -f LATIN1 -t UTF-8 FILE > FILE.new && mv FILE.new FILE': [
    FILES,
    'write it as UTF-8: (iconv',
  ],
  'write the ports at the service that owns the network': [COMPOSE, 'write the ports at the service'],
  'write the service instead: …': [COMPOSE, 'write the service instead: db'],
  '…, or give … another number': [MACHINE, 'or give api.http another number'],
};
