namespace Lakala.Local;

/// <summary>A line between two programs of an instance.</summary>
public enum LocalLine
{
    /// <summary>From the terminals to a silo.</summary>
    Terminals,

    /// <summary>From a silo to the bank.</summary>
    Bank,

    /// <summary>From a silo to PostgreSQL.</summary>
    Database,
}

/// <summary>The parts of an instance. Port 0 means any free port.</summary>
public sealed record LocalNetworkOptions
{
    /// <summary>The number of silos. More than one are a cluster; a silo that ends is started again, as a service manager would.</summary>
    public int Silos { get; init; } = 1;

    /// <summary>For a proxy before a line of a silo (counted from 0): maps the port where the line ends to the proxy's port.</summary>
    public Func<LocalLine, int, int, int> Route { get; init; } = static (_, _, port) => port;

    public int HttpPort { get; init; }

    public int TerminalPort { get; init; }

    /// <summary>The number of terminals beside the spare one that none of our clients uses. At least 1.</summary>
    public int Terminals { get; init; } = 2;

    /// <summary>The number of bills that provisioning makes in bulk.</summary>
    public int Bills { get; init; }

    /// <summary>True: the run has its own database on the server, which is dropped at the end.</summary>
    public bool ThrowawayDatabase { get; init; }

    /// <summary>True: the bank's book is flushed to disk.</summary>
    public bool BankFsync { get; init; } = true;

    /// <summary>True: the demo web shop runs too.</summary>
    public bool Shop { get; init; }

    public int ShopPort { get; init; }

    /// <summary>True: programs swipe, far faster than clerks, so the quotas of a terminal are raised.</summary>
    public bool ProgramsSwipe { get; init; }

    /// <summary>The root folder of another checkout, whose programs run; null: those of this one.</summary>
    public string? Checkout { get; init; }

    /// <summary>More configuration of the silo, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Silo { get; init; } = new Dictionary<string, string>();

    /// <summary>Called with each step of the start.</summary>
    public Action<string> Progress { get; init; } = _ => { };
}
