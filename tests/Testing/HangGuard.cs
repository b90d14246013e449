namespace Lakala.Testing;

/// <summary>
/// The bound of every wait for an event in the tests. It ends a test that hangs; it judges no speed, so it holds on a machine that is busy with
/// other work and gives a fraction of its own.
/// </summary>
public static class HangGuard
{
    public static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);
}
