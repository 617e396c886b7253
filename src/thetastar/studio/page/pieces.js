export class Pieces {
  constructor(root) {
    root.textContent = "…";
  }
}
