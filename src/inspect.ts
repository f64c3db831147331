/**
 * Makes console.log and util.inspect show the values of a class and its heirs as `Name(text)`. (A method with that
 * computed name is refused by --isolatedDeclarations.) Internal.
 */
export function inspectAsText(prototype: object): void {
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    configurable: true,
    value(this: object): string {
      return `${this.constructor.name}(${this})`;
    },
  });
}
