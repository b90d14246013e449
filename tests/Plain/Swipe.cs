namespace Lakala.Plain;

/// <summary>The body of a request.</summary>
/// <param name="Amount">Minor units.</param>
public sealed record Swipe(string Terminal, long Bill, long Amount);
