using System.Security.Cryptography;

namespace Lakala.Wire.Keys;

/// <summary>A key in the clear is there for one use.</summary>
public static class ClearKey
{
    /// <summary>Makes something of the key, and then wipes the key.</summary>
    public static T Spend<T>(byte[] key, Func<byte[], T> make)
    {
        try
        {
            return make(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
