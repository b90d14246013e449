using System.Collections.Concurrent;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Printing;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Terminal.Gui.App;
using Terminal.Gui.Drawing;
using Terminal.Gui.Input;
using Terminal.Gui.ViewBase;
using Terminal.Gui.Views;
using Attribute = Terminal.Gui.Drawing.Attribute;

namespace Lakala.Terminal.Client.Desks;

/// <summary>
/// The clerk's program: a <see cref="Desk"/> on a full screen, its keys and its reader, and the counter that does its requests.
/// The desk runs on the screen's thread; the counter works on another, one request at a time.
/// </summary>
internal sealed class DeskProgram : Runnable
{
    // Reads of keys per second: KeyStream's bounds depend on it.
    private const ushort Looks = 25;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    // The pause of an idle screen: the first key ends it; where the system does not signal keys, it is short enough for KeyStream.
    private static readonly TimeSpan IdleWait = KeyInput.Tells ? Tick : TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<Ink, Attribute> Inks = new()
    {
        [Ink.Plain] = new Attribute(Color.White, Color.Black),
        [Ink.Faint] = new Attribute(Color.Gray, Color.Black),
        [Ink.Strong] = new Attribute(Color.BrightYellow, Color.Black),
        [Ink.Bar] = new Attribute(Color.White, Color.Blue),
        [Ink.BarGood] = new Attribute(Color.BrightGreen, Color.Blue),
        [Ink.Good] = new Attribute(Color.BrightGreen, Color.Black),
        [Ink.Bad] = new Attribute(Color.BrightRed, Color.Black),
        [Ink.Alarm] = new Attribute(Color.White, Color.Red),
        [Ink.Warn] = new Attribute(Color.Black, Color.BrightYellow),
        [Ink.Customer] = new Attribute(Color.Black, Color.White),
    };

    private readonly Counter _counter;
    private readonly string _terminal;
    private readonly TimeProvider _time;
    private readonly ReceiptPrinter? _printer;
    private readonly PrintQueue? _queue;
    private readonly ConcurrentQueue<JournalKey> _printed = [];
    private readonly CancellationTokenSource _stop;
    private readonly Desk _desk;
    private readonly KeyStream _keys;
    private readonly AutoResetEvent _keysArrived;
    private CancellationTokenSource _abandon = new();
    private Task _work = Task.CompletedTask;
    private IReadOnlyList<Piece> _drawn = [];
    private long _keyAt;
    private (int?, int?) _unknown;

    private DeskProgram(Counter counter, TerminalSetup setup, ReceiptPrinter? printer, TimeProvider time, AutoResetEvent keysArrived, CancellationTokenSource stop)
    {
        (_counter, _terminal, _printer, _time, _keysArrived, _stop) = (counter, setup.Terminal, printer, time, keysArrived, stop);
        _queue = printer is null ? null : new PrintQueue(printer, OnPrinted);
        _desk = new Desk(counter.Texts, setup.ClerkSignIn, time);
        _keys = new KeyStream(time);
        _keyAt = time.GetTimestamp();
        CanFocus = true;
        Width = Dim.Fill();
        Height = Dim.Fill();
        counter.Devices = () => (_printer?.State, _desk.IsReaderGood);
    }

    /// <summary>Runs until the clerk ends it or the program is stopped. Restores the screen.</summary>
    public static async Task Run(Counter counter, TerminalSetup setup, ReceiptPrinter? printer, TimeProvider time, CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Func<Task> finish;
        using var keysArrived = new AutoResetEvent(false);
        using (var app = KeyInput.NewApplication(keysArrived))
        {
            app.Init();
            Application.MaximumIterationsPerSecond = Looks;
            using var program = new DeskProgram(counter, setup, printer, time, keysArrived, ending);
            using var end = ending.Token.Register(() => app.Invoke(() => app.RequestStop()));
            app.AddTimeout(Tick, program.OnTick);
            app.Iteration += (_, _) => program.OnLook();
            app.Paste += (_, paste) => program.OnPaste(paste);
            program.StartRequest(program._desk.Begin());
            app.Run(program);
            finish = program.Finish;
        }

        // The screen is restored; the request under way is finished, and its fault is thrown.
        await ending.CancelAsync();
        await finish();
    }

    protected override bool OnKeyDown(Key key)
    {
        WakeUp();
        var press = ToPress(key);
        if (IsSeen || press.Key == DeskKey.Leave)
        {
            Take(_keys.Take(press));
        }

        return true;
    }

    protected override bool OnDrawingContent(DrawContext? context)
    {
        SetAttribute(Inks[Ink.Plain]);
        var blank = new string(' ', Viewport.Width);
        for (var row = 0; row < Viewport.Height; row++)
        {
            Move(0, row);
            AddStr(blank);
        }

        _drawn = Pieces();
        foreach (var piece in _drawn)
        {
            SetAttribute(Inks[piece.Ink]);
            Move(piece.Column, piece.Row);
            AddStr(piece.Text);
        }

        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _abandon.Dispose();
        }

        base.Dispose(disposing);
    }

    private IReadOnlyList<Piece> Pieces()
    {
        var status = new DeskStatus(_terminal, _counter.StoreName, _desk.Clerk?.Name, _counter.IsUp, _counter.OpenItems, PrinterShown, BeijingTime.Convert(_time.GetUtcNow()));
        return DeskView.Draw(_desk, status, Viewport.Width, Viewport.Height, _time);
    }

    // A terminal is idle most of the day: an unchanged screen is not drawn again.
    private void DrawChanges()
    {
        if (!Pieces().SequenceEqual(_drawn))
        {
            SetNeedsDraw();
        }
    }

    // On a screen that is too small only the key that ends the program counts.
    private bool IsSeen => DeskView.Fits(Viewport.Width, Viewport.Height);

    // Ctrl+C asks as F10 does, because a scanner's ETX is Ctrl+C too. LF comes as Ctrl+Enter.
    private static Press ToPress(Key key) =>
        key == Key.Enter || key == Key.Enter.WithCtrl ? new Press(DeskKey.Enter)
        : key == Key.Tab ? new Press(DeskKey.Tab)
        : key == Key.Backspace || key == Key.Delete ? new Press(DeskKey.Back)
        : key == Key.Esc ? new Press(DeskKey.Escape)
        : key == Key.CursorUp ? new Press(DeskKey.Up)
        : key == Key.CursorDown ? new Press(DeskKey.Down)
        : key == Key.PageUp ? new Press(DeskKey.PageUp)
        : key == Key.PageDown ? new Press(DeskKey.PageDown)
        : key == Key.F2 ? new Press(DeskKey.Receipts)
        : key == Key.F3 ? new Press(DeskKey.Refund)
        : key == Key.F4 ? new Press(DeskKey.CloseBatch)
        : key == Key.F8 ? new Press(DeskKey.SignOff)
        : key == Key.F9 ? new Press(DeskKey.Language)
        : key == Key.F10 || key == Key.C.WithCtrl ? new Press(DeskKey.Leave)
        : key.AsRune is { IsBmp: true, Value: >= ' ' } rune && !key.IsCtrl && !key.IsAlt ? new Press(DeskKey.Sign, (char)rune.Value)
        : new Press(DeskKey.Other);

    private void OnPaste(PasteEventArgs paste)
    {
        WakeUp();
        paste.Handled = true;
        if (IsSeen)
        {
            Take([KeyStream.Pasted(paste.Text)]);
        }
    }

    private void OnLook()
    {
        if (!_desk.IsBusy && _time.GetElapsedTime(_keyAt) >= IdleAfter && _keysArrived.WaitOne(IdleWait))
        {
            WakeUp();
        }

        Take(_keys.Look());
    }

    private void WakeUp() => _keyAt = _time.GetTimestamp();

    private void Take(IReadOnlyList<DeskInput> inputs)
    {
        foreach (var input in inputs)
        {
            switch (input)
            {
                case DeskInput.Burst burst:
                    StartRequest(_desk.Read(burst));
                    break;

                case DeskInput.Typed typed:
                    Take(typed.Press);
                    break;
            }

            SetNeedsDraw();
        }
    }

    // Two of the pages show data of the counter, which is read only while it is idle.
    private void Take(Press press)
    {
        switch (press.Key)
        {
            case DeskKey.Receipts when _desk.IsFree:
                _desk.ShowPast(_counter.Past);
                break;

            case DeskKey.CloseBatch when _desk.IsFree:
                _desk.ShowBatch(_counter.Unclosed);
                break;

            default:
                StartRequest(_desk.Press(press));
                break;
        }
    }

    private bool OnTick()
    {
        StartRequest(_desk.Tick(_counter.HasRequirement));
        PrintUnprinted();
        DrawChanges();
        return true;
    }

    private void StartRequest(DeskRequest? request)
    {
        switch (request)
        {
            case null:
                break;

            case DeskRequest.Leave:
                App!.RequestStop();
                break;

            case DeskRequest.GiveUp:
                _abandon.Cancel();
                break;

            default:
                if (request is DeskRequest.Pay)
                {
                    // Made here, not on the worker: the clerk may give the payment up before the worker has begun.
                    _abandon.Dispose();
                    _abandon = new CancellationTokenSource();
                }

                var (before, abandon) = (_work, _abandon.Token);
                _work = Task.Run(() => RunRequest(request, before, abandon), CancellationToken.None);
                break;
        }
    }

    private (string Text, bool IsGood)? PrinterShown => _printer is null
        ? null
        : (_desk.Words.Printer[(int)_printer.State], _printer.State is PrinterState.Ready or PrinterState.Unasked or PrinterState.Unknown);

    // An unexpected fault ends the program: the journal may be damaged.
    private async Task RunRequest(DeskRequest request, Task before, CancellationToken abandon)
    {
        try
        {
            await before;
            await CarryOut(request, abandon);
        }
        catch
        {
            await _stop.CancelAsync();
            throw;
        }
    }

    private async Task CarryOut(DeskRequest request, CancellationToken abandon)
    {
        if (request is DeskRequest.Speak speak)
        {
            await _counter.Speak(speak.Texts);
            OnScreenThread(_desk.Done);
            return;
        }

        if (request is DeskRequest.SignIn signIn)
        {
            var (clerk, why) = await _counter.Verify(signIn.Number, signIn.Password, _stop.Token);
            OnScreenThread(() => StartRequest(_desk.SignedIn(clerk, why)));
            return;
        }

        if (request is DeskRequest.Record)
        {
            Record();
            return;
        }

        if (request is DeskRequest.Tend)
        {
            Record();
            _queue?.Look();
            await _counter.Obey(_stop.Token);
            return;
        }

        if (request is DeskRequest.Settle)
        {
            _queue?.Look();
        }

        // It is in the journal, so the outcome is shown before it is printed.
        var report = await Execute(request, abandon);
        var job = Job(report);
        OnScreenThread(() => _desk.Done(report, isPrinting: job is not null || (_queue is not null && report.Resolved is not null)));
        if (job is not null)
        {
            _queue!.Print(job);
        }
    }

    // Without a printer receipts are only shown, and then count as printed. The slip for an unknown outcome is
    // printed once, however often the terminal asks.
    private PrintJob? Job(Report report)
    {
        var carried = _counter.TakeCarried();
        var isSaid = report.Outcome == Outcome.Unknown && _unknown == (report.Batch, report.Stan);
        _unknown = report.Outcome == Outcome.Unknown ? (report.Batch, report.Stan) : default;
        if (_queue is not null)
        {
            return report.Receipts.Count > 0 && !isSaid ? new PrintJob(report, carried is [.., var key] ? key : null) : null;
        }

        foreach (var key in carried)
        {
            _printed.Enqueue(key);
        }

        Record();
        return null;
    }

    // This runs on the queue's thread.
    private void OnPrinted(PrintJob job, PrinterState? fault)
    {
        if (fault is null && job.Key is { } key)
        {
            _printed.Enqueue(key);
        }

        OnScreenThread(() =>
        {
            var why = fault is { } state ? _desk.Words.Printer[(int)state] : null;
            if (job.IsEarlier)
            {
                _desk.PrintedEarlier(job.Key, why);
            }
            else if (job.Report is { } report)
            {
                _desk.Printed(report, why);
            }

            StartRequest(_printed.IsEmpty ? null : new DeskRequest.Record());
        });
    }

    // Waiting receipts, one swipe at a time, so that the next customer's comes before the rest. On the screen's thread, which alone
    // starts the counter: while the counter is idle, no other thread uses it.
    private void PrintUnprinted()
    {
        if (_queue is not { IsIdle: true })
        {
            return;
        }

        if (!_printer!.IsGood)
        {
            _desk.PrintedEarlier(null, PrinterShown?.Text);
        }
        else if (_work.IsCompleted && _printed.IsEmpty && _counter.TakeUnprinted() is { } waiting)
        {
            _queue.Print(new PrintJob(waiting, waiting.Key, IsEarlier: true));
        }
    }

    // After a fault of the disk it is tried again; until then waiting receipts are not printed.
    private void Record()
    {
        try
        {
            while (_printed.TryPeek(out var key))
            {
                _counter.Printed(key);
                _printed.TryDequeue(out _);
            }
        }
        catch (IOException)
        {
            // As above. The next payment gets the same fault of the disk, and shows it.
        }
    }

    // The present job ends within its bounds; waiting receipts are printed after the next start.
    private async Task Finish()
    {
        await _work;
        if (_queue?.Stop() is { IsCompleted: false } printing)
        {
            Console.WriteLine(_desk.Words.Printing);
            await printing;
        }

        Record();
    }

    private async Task<Report> Execute(DeskRequest request, CancellationToken abandon)
    {
        switch (request)
        {
            case DeskRequest.LookUp lookUp:
                return await _counter.Lookup(lookUp.Bill, _stop.Token);

            case DeskRequest.Pay pay:
                _counter.Clerk = _desk.Clerk;
                return await _counter.Pay(pay.Found, pay.Card, abandon, _stop.Token);

            case DeskRequest.LookUpPayment lookUp:
                return await _counter.LookupRefund(lookUp.Number, _stop.Token);

            case DeskRequest.Refund refund:
                _counter.Clerk = _desk.Clerk;
                return await _counter.Refund(refund.Payment, refund.Amount, refund.Card, refund.Signature!, _stop.Token);

            case DeskRequest.CloseBatches:
                return await _counter.CloseBatches(_stop.Token);

            case DeskRequest.ReprintBatch:
                return _counter.ReprintBatch();

            case DeskRequest.Reprint reprint:
                return _counter.Reprint(reprint.Swipe);

            default:
                return await _counter.Settle(_stop.Token);
        }
    }

    private void OnScreenThread(Action news) => App?.Invoke(() =>
    {
        news();
        SetNeedsDraw();
    });
}
