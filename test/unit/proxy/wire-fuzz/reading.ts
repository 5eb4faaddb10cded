/** What a parser made of a stream. */
export interface Message {
  /** Method and target, or the status. */
  readonly line: string;
  readonly minor: number;
  /** Names in lower case, values without the blanks around them. */
  readonly fields: readonly (readonly [string, string])[];
  body: string;
  trailers: readonly (readonly [string, string])[];
  complete: boolean;
  /** By wire: what goes on of it. */
  written?: string;
}

export interface Reading {
  readonly messages: readonly Message[];
  /** Why the rest was refused; undefined if it was not, or if nothing more was read on purpose. */
  readonly refused: string | undefined;
}
