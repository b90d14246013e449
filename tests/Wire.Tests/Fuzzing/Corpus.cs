using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Wire.Tests.Fuzzing;

/// <param name="Bytes">What a peer sends on one connection: frames, whole or not.</param>
internal sealed record CorpusInput(string Name, byte[] Bytes)
{
    public override string ToString() => $"{Name} {Convert.ToHexString(Bytes)}";
}

/// <summary>Inputs in a readable file: a name and hex on each line, <c>#</c> before a remark.</summary>
internal static class Corpus
{
    public static readonly string File = Path.Combine(AppContext.BaseDirectory, "Fuzzing", "corpus.txt");

    /// <summary>The first inputs of a run, and the findings of earlier runs.</summary>
    public static IReadOnlyList<CorpusInput> Read() =>
    [
        .. from line in System.IO.File.ReadLines(File)
           where line.Length > 0 && line[0] != '#'
           let parts = line.Split(' ', 2)
           select new CorpusInput(parts[0], Convert.FromHexString(parts[1])),
    ];

    /// <summary>Every message of both lines in a frame with a MAC, and a payment whose PIN can be opened.</summary>
    public static IEnumerable<CorpusInput> RealMessages()
    {
        for (var at = 0; at < Samples.All.Length; at++)
        {
            var (typed, iso, _) = Samples.All[at];
            yield return new CorpusInput($"{iso.Mti}-{typed.GetType().Name}-{at + 1}", Frame(iso));
        }

        var block = PinBlock.Encipher(FuzzTarget.Pin, Samples.CardNumber, FuzzTarget.PinKey, new byte[PinBlock.Length / 2]);
        yield return new CorpusInput("0200-with-a-PIN-that-opens", Frame(Samples.All[7].Iso, block));
        using var master = new MasterKey(FuzzTarget.Key);
        var key = master.Wrap(FuzzTarget.Key);
        var signOn = new ZoneSignOnRequest(1, Samples.Time, new byte[SignOnRequest.NonceLength], key, key).ToIso();
        yield return new CorpusInput("0800-with-keys-that-open", Frame(signOn));
    }

    private static byte[] Frame(Iso8583Message message, byte[]? pinBlock = null)
    {
        var again = Iso8583Codec.Decode(Iso8583Spec.Lakala, Samples.Bytes(message)).Set(52, pinBlock);
        return PeerLine.Frame(Samples.Bytes(again, FuzzTarget.Mac));
    }
}
