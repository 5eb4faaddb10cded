/**
 * Takes the comments out of source text, position for position. It knows quotes and comment marks and no
 * grammar: good enough to tell prose from code, and wrong only where somebody tries.
 */

interface Syntax {
  /** Marks that make the rest of the line a comment. */
  readonly line: readonly string[];
  readonly block: readonly (readonly [open: string, close: string])[];
  readonly quotes: readonly string[];
}

const SLASHES: Syntax = { line: ['//'], block: [['/*', '*/']], quotes: ['"', "'", '`'] };
const HASH: Syntax = { line: ['#'], block: [], quotes: ['"', "'"] };
const PYTHON: Syntax = {
  line: ['#'],
  block: [
    ['"""', '"""'],
    ["'''", "'''"],
  ],
  quotes: ['"', "'"],
};
const MARKUP: Syntax = { line: [], block: [['<!--', '-->']], quotes: [] };
/** Markup with scripts in it. */
const COMPONENT: Syntax = { ...SLASHES, block: [...SLASHES.block, ...MARKUP.block] };
const DASHES: Syntax = { line: ['--'], block: [['/*', '*/']], quotes: ["'"] };
const INI: Syntax = { line: ['#', ';'], block: [], quotes: [] };
const PHP: Syntax = { ...SLASHES, line: ['//', '#'] };
const NONE: Syntax = { line: [], block: [], quotes: [] };

const BY_EXTENSION: ReadonlyMap<string, Syntax> = new Map([
  ...each(
    'js cjs mjs jsx ts cts mts tsx json jsonc json5 java go rs c h cc cpp hpp cs fs kt kts swift scala dart css scss sass less proto groovy gradle zig sol',
    SLASHES,
  ),
  ...each(
    'sh bash zsh fish rb yaml yml toml conf cfg env properties mk cmake tf tfvars hcl pl pm r ex exs nix ps1 graphql gql jl cr nim awk',
    HASH,
  ),
  ...each('py pyi', PYTHON),
  ...each('html htm xml xhtml plist csproj', MARKUP),
  ...each('vue svelte astro', COMPONENT),
  ...each('sql lua hs elm', DASHES),
  ...each('ini', INI),
  ...each('php', PHP),
]);

function each(extensions: string, syntax: Syntax): [string, Syntax][] {
  return extensions.split(' ').map((extension) => [extension, syntax]);
}

/** The same text with spaces where comments were; line ends stay. `path` tells the language. */
export function withoutComments(path: string, text: string): string {
  const { line, block, quotes } = syntaxOf(path);
  const marks = [...block.map(([open]) => open), ...line, ...quotes];
  if (marks.length === 0) return text;
  const mark = new RegExp(marks.map(escapePattern).join('|'), 'g');
  const pieces: string[] = [];
  let kept = 0;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    const { index } = match;
    const end = endOfComment(text, index, match[0], { line, block });
    if (end === undefined) {
      mark.lastIndex = quotes.includes(match[0]) ? endOfString(text, index) : index + 1;
    } else {
      pieces.push(text.slice(kept, index), text.slice(index, end).replace(/[^\n]/g, ' '));
      kept = end;
      mark.lastIndex = end;
    }
  }
  return kept === 0 ? text : pieces.join('') + text.slice(kept);
}

/** Where the comment ends that the mark opens; undefined where it opens none. */
function endOfComment(
  text: string,
  index: number,
  mark: string,
  { line, block }: Pick<Syntax, 'line' | 'block'>,
): number | undefined {
  const close = block.find(([open]) => open === mark)?.[1];
  if (close !== undefined && isProse(text, index, mark)) {
    const end = text.indexOf(close, index + mark.length);
    return end === -1 ? text.length : end + close.length;
  }
  return line.includes(mark) && startsComment(text, index) ? endOfLine(text, index) : undefined;
}

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function syntaxOf(path: string): Syntax {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/^(?:Dockerfile|Containerfile|Makefile|Procfile|Justfile|\.env)/i.test(name)) return HASH;
  return BY_EXTENSION.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) ?? NONE;
}

/** Three quotes are a text of their own only where a statement begins with them. */
const isProse = (text: string, index: number, open: string): boolean =>
  !/^["']/.test(open) || /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(0, index - 200), index));

/** `http://x` and `a#b` are no comments: a mark stands after a space, or after what ends a statement. */
const startsComment = (text: string, index: number): boolean =>
  index === 0 || /[\s;,{}()[\]]/.test(text[index - 1] ?? '');

function endOfLine(text: string, index: number): number {
  const end = text.indexOf('\n', index);
  return end === -1 ? text.length : end;
}

/** A quote that is not closed in its line was an apostrophe; only backquotes span lines. */
function endOfString(text: string, index: number): number {
  const quote = text[index];
  for (let at = index + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\') at += 1;
    else if (character === quote) return at + 1;
    else if (character === '\n' && quote !== '`') return index + 1;
  }
  return index + 1;
}
