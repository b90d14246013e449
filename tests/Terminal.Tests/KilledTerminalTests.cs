using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Lakala.Terminal.Client.Journals;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;

namespace Lakala.Terminal.Tests;

/// <summary>The program, killed after each line of its journal; the next run settles open swipes before it sells.</summary>
public sealed class KilledTerminalTests : IDisposable
{
    private const string Earlier = "73516235791239", Later = "24700000004295";
    private const string Card = ";6228480000000000000=49122010000000000?";
    private const string Pin = "194736";

    private const int Reserved = 1, Pending = 2, Result = 3, Printed = 4;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);
    private static readonly byte[] MasterKeyBytes = Convert.FromHexString(new string('a', 64));

    private readonly TestFolder _home = new();
    private readonly X509Certificate2 _certificate = ScriptedGateway.NewCertificate();
    private readonly ConcurrentQueue<string> _asks = new();
    private readonly TaskCompletionSource _enquired = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string Folder => _home.At("terminals/T0000001");

    private string JournalFile => Path.Combine(Folder, "journal");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _certificate.Dispose();
        _home.Dispose();
    }

    [Theory]
    [InlineData(Reserved)]
    [InlineData(Pending)]
    [InlineData(Result)]
    [InlineData(Printed)]
    public async Task Killed_after_a_line_of_its_journal_it_next_resolves_and_prints_what_was_open(int line)
    {
        var hold = new TaskCompletionSource();
        await using var gateway = Gateway(message => message.Mti == HeldAt(line) ? hold.Task : Task.CompletedTask);
        await KillAfter(line);
        hold.SetResult();
        var before = Journal.Read(JournalFile).ToList();

        var next = await Pay(Later);
        var after = Journal.Read(JournalFile).Skip(before.Count).ToList();

        next.GetProperty("outcome").GetString().Should().Be("approved");
        next.GetProperty("bill").GetString().Should().Be(Later);
        KeysOf(before).Should().NotContain(KeysOf(after).Last(), "no key comes twice");
        var sale = after.OfType<SwipePending>().Single().Key;
        var settledBefore = after.TakeWhile(record => record is not SwipePending).OfType<SwipeResult>().Select(result => result.Key);
        var resolved = next.GetProperty("resolved");
        if (line == Reserved)
        {
            _asks.Should().Equal($"0200 {sale}");
            resolved.ValueKind.Should().Be(JsonValueKind.Null, "nothing was open");
        }
        else
        {
            var earlier = before.OfType<SwipePending>().Single().Key;
            // The kill comes before the first 0200 is sent, or after it.
            _asks.Where(ask => ask != $"0200 {earlier}").Should().Equal(line == Pending ? [$"0201 {earlier}", $"0200 {sale}"] : [$"0200 {sale}"]);
            settledBefore.Should().Equal(line == Pending ? [earlier] : [], "it is certain before the new sale");
            after.OfType<SwipePrinted>().Select(printed => printed.Key).Should().Equal(line == Printed ? [sale] : [earlier, sale]);
            if (line == Printed)
            {
                resolved.ValueKind.Should().Be(JsonValueKind.Null, "nothing was open");
            }
            else
            {
                resolved.GetProperty("outcome").GetString().Should().Be("approved");
                resolved.GetProperty("bill").GetString().Should().Be(Earlier);
                var receipt = resolved.GetProperty("receipts")[0].GetString()!;
                receipt.Should().Contain(Earlier);
                receipt.Contains("DUPLICATE", StringComparison.Ordinal).Should().Be(line == Result, "only then it may be on paper");
            }
        }

        (await Pay(Later)).GetProperty("resolved").ValueKind.Should().Be(JsonValueKind.Null, "all is printed now");
    }

    [Fact]
    public async Task Killed_again_while_it_finds_out_it_finds_out_the_next_time()
    {
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var gateway = Gateway(message => message.Mti switch
        {
            Mti.PayRequest => first.Task,
            Mti.PayRepeat => second.Task,
            _ => Task.CompletedTask,
        });
        await KillAfter(Pending);
        first.SetResult();
        var before = await File.ReadAllBytesAsync(JournalFile, Stop);
        using (var program = Start(Later))
        {
            await _enquired.Task.WaitAsync(Bound, Stop);
            await End(program);
        }

        (await File.ReadAllBytesAsync(JournalFile, Stop)).Should().Equal(before, "nothing is known yet, and nothing sold");
        second.SetResult();

        var next = await Pay(Later);

        next.GetProperty("resolved").GetProperty("bill").GetString().Should().Be(Earlier);
        next.GetProperty("resolved").GetProperty("outcome").GetString().Should().Be("approved");
        next.GetProperty("outcome").GetString().Should().Be("approved");
    }

    // Without the answer to this message the terminal gets no further. The last two lines need every answer.
    private static string HeldAt(int line) => line switch { Reserved => Mti.LookupRequest, Pending => Mti.PayRequest, _ => "" };

    private static IEnumerable<JournalKey> KeysOf(IEnumerable<JournalRecord> records) => records.OfType<SwipePending>().Select(record => record.Key);

    private ScriptedGateway Gateway(Func<Iso8583Message, Task> beforeAnswer)
    {
        var gateway = new ScriptedGateway(MasterKeyBytes, Approve)
        {
            Certificate = _certificate,
            BeforeAnswer = message =>
            {
                if (message.Mti == Mti.PayRepeat)
                {
                    _enquired.TrySetResult();
                }

                return beforeAnswer(message);
            },
        }.Start();
        SetUp(gateway.Port);
        return gateway;
    }

    private PayAnswer Approve(PayRequest request)
    {
        _asks.Enqueue($"{(request.IsEnquiry ? "0201" : "0200")} {new JournalKey(request.Batch, request.From.Stan)}");
        return new PayAnswer(
            request.From,
            new Verdict(ResponseCodes.Approved, 0, "Approved.", "Paid."),
            request.Batch,
            request.Bill,
            request.Amount,
            request.Currency,
            new PaymentFacts("000000010000", "0K9WPM", "622848*********0000", TimeProvider.System.GetUtcNow(), "茶馆", "order-1"));
    }

    // The program's output goes to a full pipe, so it stops when it prints.
    private async Task KillAfter(int line)
    {
        var isThere = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(Folder);
        void Look(object sender, FileSystemEventArgs what)
        {
            if (LinesNow() >= line)
            {
                isThere.TrySetResult();
            }
        }

        watcher.Changed += Look;
        watcher.Created += Look;
        watcher.Renamed += Look;
        watcher.EnableRaisingEvents = true;
        using var program = Start(Earlier, isPaperStuck: line == Result);
        await isThere.Task.WaitAsync(Bound, Stop);
        await End(program);
        if (line < Printed)
        {
            LinesNow().Should().Be(line, "it was held there");
        }
    }

    private int LinesNow() => File.Exists(JournalFile) ? File.ReadAllBytes(JournalFile).Count(one => one == (byte)'\n') : 0;

    private static async Task End(Process program)
    {
        program.Kill();
        await program.WaitForExitAsync(Stop).WaitAsync(Bound, Stop);
    }

    private async Task<JsonElement> Pay(string bill)
    {
        using var program = Start(bill);
        var output = await program.StandardOutput.ReadToEndAsync(Stop).WaitAsync(Bound, Stop);
        await program.WaitForExitAsync(Stop).WaitAsync(Bound, Stop);
        return JsonDocument.Parse(output).RootElement;
    }

    private Process Start(string bill, bool isPaperStuck = false)
    {
        const string Full = "head -c 65536 /dev/zero; exec \"$@\"";
        var program = Path.Combine(AppContext.BaseDirectory, "Lakala.Terminal.Client");
        string[] arguments = [program, "pay", "--bill", bill, "--card", Card, "--pin", Pin, "--json"];
        var start = new ProcessStartInfo("/bin/sh", ["-c", isPaperStuck ? Full : "exec \"$@\"", "sh", .. arguments]) { RedirectStandardOutput = true };
        start.Environment["LAKALA_HOME"] = _home.Root;
        return Process.Start(start)!;
    }

    private void SetUp(int port)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(
            Path.Combine(Folder, "terminal.json"),
            $$"""{"host":"127.0.0.1","port":{{port}},"ca":"ca.pem","terminal":"T0000001","store":"STORE0000000001","language":"en"}""");
        File.WriteAllText(Path.Combine(Folder, "ca.pem"), _certificate.ExportCertificatePem());
        var key = Path.Combine(Folder, "master.key");
        File.WriteAllText(key, Convert.ToHexString(MasterKeyBytes));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
