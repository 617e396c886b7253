export class Digits {
  constructor(root) {
    root.textContent = "…";
  }
}
