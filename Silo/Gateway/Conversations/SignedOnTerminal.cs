using Lakala.Grains.Terminals;
using Lakala.Wire.Iso8583;

namespace Lakala.Silo.Gateway.Conversations;

/// <summary>A terminal with the working keys of one sign-on. Its grain checks on every call that they are still current.</summary>
internal sealed record SignedOnTerminal(
    string Id, string Store, string Language, int KeySet, MessageMac Mac, byte[] WrappedPinKey, ITerminalGrain Grain)
{
    public override string ToString() => $"{Id}, key set {KeySet}";
}
