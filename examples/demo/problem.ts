/** A refusal that the HTTP client is meant to read; pinestream answers with its status and message. */
export class Problem extends Error {
  readonly statusCode: 404 | 409;

  constructor(statusCode: 404 | 409, message: string) {
    super(message);
    this.name = "Problem";
    this.statusCode = statusCode;
  }
}
