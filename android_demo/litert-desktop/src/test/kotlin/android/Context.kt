package android.content

import android.content.res.AssetManager
import java.io.File

/** As much of Android's context as copying assets takes: two folders. */
class Context(val filesDir: File, assetsDir: File) {
    val assets: AssetManager = AssetManager(assetsDir)
}
