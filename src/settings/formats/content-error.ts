/**
 * Owns how a parser says that a content is not what its format demands. Thrown by the formats, told by `source.ts`.
 */

/** The content is not what its format demands. `message` is one line for people and holds nothing of the content. */
export class ContentError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ContentError';
  }
}
