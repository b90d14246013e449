namespace Lakala.Local;

/// <summary>A silo of an instance: its ports, and its present process.</summary>
public sealed class LocalSilo
{
    internal const int Ports = 4;

    internal LocalSilo(int number, ReadOnlySpan<int> ports)
    {
        Number = number;
        (HttpPort, TerminalPort, ManagementPort, ClusterPort) = (ports[0], ports[1], ports[2], ports[3]);
    }

    /// <summary>Counted from 0.</summary>
    public int Number { get; }

    /// <summary>Of its log and its process: <c>silo</c>, <c>silo-2</c>, <c>silo-3</c>.</summary>
    public string Name => Number == 0 ? "silo" : $"silo-{Number + 1}";

    public Uri Http => new($"http://127.0.0.1:{HttpPort}");

    public Uri Management => new($"http://127.0.0.1:{ManagementPort}");

    /// <summary>Null before its first start.</summary>
    public ChildProcess Process { get => field!; internal set; }

    internal int HttpPort { get; set; }

    internal int TerminalPort { get; set; }

    internal int ManagementPort { get; }

    internal int ClusterPort { get; }

    internal int BankPort { get; set; }

    internal string ConnectionString { get; set; } = "";
}
