using Lakala.Grains.Bills;
using Lakala.Grains.Notices;
using Lakala.Grains.Swipes;
using Lakala.Grains.Terminals;
using Lakala.Silo.Bank;
using Lakala.Silo.Sweeping;
using Lakala.Storage.Notices;
using Lakala.Storage.Swipes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Lakala.Model.Tests;

/// <summary>The memory of a silo: the product's own classes, over the model's ports, line and clock. It is lost when the silo dies.</summary>
public sealed class ModelProcess
{
    private static readonly IOptions<SwipeOptions> Timers = Options.Create(new SwipeOptions());
    private static readonly BillNotices Notices = new(new ShopperReceivers(hasMail: false, hasSms: false), new BillPageAddress("http://127.0.0.1:8080"));
    private static readonly IOptions<BankLinkOptions> BankOptions = Options.Create(new BankLinkOptions());
    private static readonly TerminalQuotaOptions Quota = new();

    private readonly ModelClock _clock;
    private readonly ModelKeys _known;
    private readonly SwipeKeys _keys;
    private readonly Dictionary<string, TerminalSwipes> _terminals = [];

    public ModelProcess(World world, Ports ports, ModelBankLine line, Checks checks)
    {
        _clock = new ModelClock(world);
        _known = ports.Keys;
        var retry = new CommitRetry(Timers, _clock);
        var signal = new NoticeSignal(_clock);
        var changes = new UnwatchedBills();
        _keys = new SwipeKeys(ports.CloseKeys, ports.FinishAttempts, retry, changes, _clock);
        var payments = new Payments(
            ports.StartAttempts,
            ports.FinishAttempts,
            ports.ReadBills,
            ports.Attempts,
            retry,
            _keys,
            ports.Rrns,
            line,
            Notices,
            signal,
            changes,
            Timers,
            _clock,
            NullLogger<Payments>.Instance);
        var openBills = new OpenBills(ports.HoldBills, ports.ReadBills, ports.CloseBills, ports.RemindShoppers, Notices, signal, changes, _clock);
        Line = line;
        Bills = new ModelBill(payments, openBills, checks);
        Sweeps = new SweepRounds(ports.Attempts, ports.Bills, _keys, Bills, Timers, NullLogger<SweepRounds>.Instance);
        Reversals = new Reversals(ports.Reversals, line, BankOptions, world.Random, NullLogger<Reversals>.Instance);
        LateAnswers = new LateAnswers(ports.Attempts, ports.Reversals, new NoRefunds(), Bills, _clock, NullLogger<LateAnswers>.Instance);
    }

    public ModelBankLine Line { get; }

    public IBillGrains Bills { get; }

    public SweepRounds Sweeps { get; }

    public Reversals Reversals { get; }

    public LateAnswers LateAnswers { get; }

    public TerminalSwipes GetTerminal(string name) => _terminals.TryGetValue(name, out var known)
        ? known
        : _terminals[name] = new TerminalSwipes(name, _known, _keys, Bills, new TerminalQuota(Quota, _clock), _clock, NullLogger.Instance);
}
