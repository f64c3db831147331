/**
 * Makes console.log and util.inspect show the values of a class and its heirs as `Name(text)`. (A method with that
 * computed name is refused by --isolatedDeclarations.) Internal.
 */
export function inspectAs<T extends object>(prototype: T, text: (value: T) => string): void {
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    configurable: true,
    value(this: T): string {
      return `${this.constructor.name}(${text(this)})`;
    },
  });
}

/** The same with the text that it is as a string. Internal. */
export function inspectAsText(prototype: object): void {
  inspectAs(prototype, String);
}
