using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Desks;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Words;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Terminal.Tests.Desks;

/// <summary>
/// A desk without a network: keys come at their times, the screen reads them at its interval, and all texts of the screen are kept. The
/// test does the desk's requests.
/// </summary>
internal sealed class Till
{
    public const string Bill = "73516235791239";
    public const string OtherBill = "24681357902446";
    public const string Pan = "6228480000000000008";
    public const string Track2 = ";6228480000000000008=49122010000000000?";
    public const string Track1 = "%B6228480000000000008^SHOPPER/A^49122010000000000?";

    /// <summary>The interval at which the screen reads keys.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(40);

    public static readonly TimeSpan Device = TimeSpan.FromMilliseconds(4);
    public static readonly TimeSpan Hand = TimeSpan.FromMilliseconds(140);

    private static readonly Report Found = new(Outcome.Found) { Bill = Bill, Amount = 12_800, Payee = "Demo Shop", SecondsLeft = 600 };
    private static readonly DeskStatus Status = new("T0000001", "Store", null, IsUp: true, 0, null, default);

    private readonly KeyStream _keys;
    private readonly Queue<(TimeSpan At, Press Press)> _typed = new();
    private readonly HashSet<string> _pieces = [];
    private TimeSpan _now;
    private TimeSpan _lookedAt;

    public Till(bool needsClerk = false)
    {
        Desk = new Desk(TerminalTexts.English, needsClerk, Time);
        _keys = new KeyStream(Time);
        Desk.Begin();
        Desk.Done(new Report(Outcome.Settled));
    }

    public FakeTimeProvider Time { get; } = new();

    public Desk Desk { get; }

    public List<DeskInput> Inputs { get; } = [];

    public List<DeskRequest> Requests { get; } = [];

    /// <summary>All texts that were on the screen.</summary>
    public IReadOnlyCollection<string> Drawn => _pieces;

    public IEnumerable<string> Bursts => Inputs.OfType<DeskInput.Burst>().Select(burst => burst.Signs);

    /// <summary>Typed keys; Enter is <c>\r</c>.</summary>
    public string Typed => string.Concat(Inputs.OfType<DeskInput.Typed>().Select(typed => typed.Press.Key switch
    {
        DeskKey.Sign => typed.Press.Sign.ToString(),
        DeskKey.Enter => "\r",
        var key => $"<{key}>",
    }));

    /// <summary>A bill is looked up and waits for the card.</summary>
    public static Till WithBill()
    {
        var till = new Till();
        till.TakeBill();
        return till;
    }

    /// <summary>The card has been read, and the page waits for the PIN.</summary>
    public static Till WithCard()
    {
        var till = new Till();
        till.TakeCard();
        return till;
    }

    /// <summary>A payment has just ended with this outcome.</summary>
    public static Till WithOutcome(Outcome outcome)
    {
        var till = WithCard();
        till.Key("123456\r");
        till.Requests[^1].Should().BeOfType<DeskRequest.Pay>();
        till.Desk.Done(new Report(outcome) { Bill = Bill, Amount = 12_800 });
        return till;
    }

    /// <summary>A bill is looked up, a card swiped.</summary>
    public void TakeCard()
    {
        TakeBill();
        Scan(Track2 + "\r");
        Desk.Page.Should().BeOfType<Page.PinEntry>();
        Pass(TimeSpan.FromSeconds(2));
    }

    /// <summary>Typed by hand; then a moment passes.</summary>
    public void Key(string keys) => Type(keys, Hand);

    /// <summary>Sent by a reader or a scanner; then a moment passes.</summary>
    public void Scan(string keys) => Type(keys, Device);

    /// <param name="keys">CR and LF are Enter; other control characters are keys without a meaning, except ETX.</param>
    public void Type(string keys, TimeSpan every)
    {
        Queue(keys, every);
        Pass(TimeSpan.FromMilliseconds(600));
    }

    public void Queue(string keys, TimeSpan every)
    {
        var at = _typed.Count == 0 ? _now : _typed.Last().At;
        foreach (var key in keys)
        {
            at += every;
            _typed.Enqueue((at, PressOf(key)));
        }
    }

    /// <param name="isHeldUp">True: the screen is delayed and reads only at the end.</param>
    public void Pass(TimeSpan time, bool isHeldUp = false)
    {
        var end = _now + time;
        if (_typed.Count > 0 && _typed.Last().At + time > end)
        {
            end = _typed.Last().At + time;
        }

        while (_now < end)
        {
            var step = isHeldUp ? end - _now : LookEvery;
            _now += step;
            Time.Advance(step);
            Look();
        }
    }

    public void Paste(string text) => Take([KeyStream.Pasted(text)]);

    private void TakeBill()
    {
        Scan(Bill + "\r");
        Requests.Should().Equal(new DeskRequest.LookUp(Bill));
        Desk.Done(Found);
        Pass(TimeSpan.FromSeconds(2));
    }

    private static Press PressOf(char key) => key switch
    {
        '\r' or '\n' => new Press(DeskKey.Enter),
        '\t' => new Press(DeskKey.Tab),
        '\b' => new Press(DeskKey.Back),
        '\u001b' => new Press(DeskKey.Escape),
        '\u0003' => new Press(DeskKey.Leave),
        < ' ' => new Press(DeskKey.Other),
        _ => new Press(DeskKey.Sign, key),
    };

    private void Look()
    {
        _lookedAt = _now;
        Take(_keys.Look());
        while (_typed.TryPeek(out var next) && next.At <= _lookedAt)
        {
            _typed.Dequeue();
            Take(_keys.Take(next.Press));
        }

        Desk.Tick();

        Draw();
    }

    private void Take(IReadOnlyList<DeskInput> inputs)
    {
        foreach (var input in inputs)
        {
            Inputs.Add(input);
            if ((input is DeskInput.Burst burst ? Desk.Read(burst) : Desk.Press(((DeskInput.Typed)input).Press)) is { } request)
            {
                Requests.Add(request);
            }

            Draw();
        }
    }

    private void Draw()
    {
        foreach (var piece in DeskView.Draw(Desk, Status, 80, 24, Time))
        {
            _pieces.Add(piece.Text);
        }
    }
}
