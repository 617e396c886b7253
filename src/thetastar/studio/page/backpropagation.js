export class Backpropagation {
  constructor(root) {
    root.textContent = "…";
  }
}
