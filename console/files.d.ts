// What the build makes of files that are no code: names of a style sheet's classes, the text of a page, a worker's address.
declare module "*.module.css" {
  const classes: Readonly<Record<string, string>>;
  export default classes;
}
declare module "*.css" {}
declare module "*?raw" {
  const text: string;
  export default text;
}
declare module "*?worker&url" {
  const address: string;
  export default address;
}
