export class DescentRoom {
  constructor(root) {
    root.textContent = "…";
  }
}
